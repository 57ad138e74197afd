import { matchesGlob } from 'node:path'
import { expect, test } from 'vitest'
import { expandBraces, isPattern, nameMatcher } from '../../../lib/adapters/glob.ts'
import { Random } from '../../../lib/testing/random.ts'

test.each<[pattern: string, matches: readonly string[], others: readonly string[]]>([
  ['*', ['', 'a', 'a.b', '\u{1f600}'], []],
  ['a*', ['a', 'ab', 'a\nb'], ['b', 'ba']],
  ['?', ['a', '*', '\u{1f600}'], ['', 'ab']],
  ['[ab]c', ['ac', 'bc'], ['c', 'abc', 'cc']],
  ['[a-c]', ['a', 'b', 'c'], ['d', '-']],
  ['[^ab]', ['c', '^'], ['a', 'b', '']],
  ['[!ab]', ['c', '!'], ['a', 'b', '']],
  ['[a\\-c]', ['a', '-', 'c'], ['b']],
  ['[\\]]', [']'], ['\\']],
  ['[]a]', [']', 'a'], ['b', '[]a]']],
  ['[a', ['[a'], ['a']],
  ['[', ['['], ['']],
  ['{one,two}', ['one', 'two'], ['', 'one,two']],
  ['a{b,}c', ['abc', 'ac'], ['ab,c']],
  ['{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'c', 'ad']],
  ['{a*,?}b', ['ab', 'axxb', 'xb'], ['b', 'xxb']],
  ['{a\\,b,c}', ['a,b', 'c'], ['a', 'b']],
  ['{a', ['{a'], ['a']],
  ['a}', ['a}'], ['a']],
  ['a\\*', ['a*'], ['ab', 'a\\*', 'a']],
  ['a\\', ['a\\'], ['a']],
  ['a.b', ['a.b'], ['axb']],
  ['(a|b)+$', ['(a|b)+$'], ['a', 'ab']],
  ['[b-a]', ['[b-a]'], ['a', 'b', '-']],
  ['\u{1f600}{a,b}', ['\u{1f600}a', '\u{1f600}b'], ['\u{1f600}']],
])('the pattern %j', (pattern, matches, others) => {
  const isMatch = nameMatcher(pattern)
  expect(matches.filter((name) => !isMatch(name))).toEqual([])
  expect(others.filter(isMatch)).toEqual([])
})

test.each<[string, readonly string[]]>([
  ['a/b', ['a/b']],
  ['{a,b}/c', ['{a,b}/c']],
  ['{a/x,b}', ['a/x', 'b']],
  ['p{a/x,b}q/r', ['pa/xq/r', 'pbq/r']],
  ['{a/{b,c},d/e}', ['a/{b,c}', 'd/e']],
  ['{a,{b/c,d}}', ['a', 'b/c', 'd']],
  ['{a/b,c}{d/e,f}', ['a/bd/e', 'a/bf', 'cd/e', 'cf']],
  ['{a/b', ['{a/b']],
  ['\\{a/x,b}', ['\\{a/x,b}']],
])('the braces of %j', (path, expected) => {
  expect(expandBraces(path)).toEqual(expected)
})

test.each([
  ['plain name-1.2', false],
  ['a*', true],
  ['a?', true],
  ['[a]', true],
  ['{a,b}', true],
  ['a\\*', true],
])('whether %j is a pattern', (text, expected) => expect(isPattern(text)).toBe(expected))

test('random patterns match as those of Node, where both mean the same', () => {
  const random = new Random(1)
  const parts = ['a', 'b', 'c', '.', '*', '?', '[ab]', '[a-b]', '[!b]', '{a,bc}', '{b,a*}']
  const many = (from: readonly string[], most: number): string =>
    Array.from({ length: random.between(1, most) }, () => random.pick(from)).join('')
  let matched = 0
  for (let n = 0; n < 20_000; n += 1) {
    const pattern = many(parts, 4).replaceAll(/\*+/g, '*')
    // Names that begin with a dot are hidden for Node; here the caller decides.
    const name = `a${many(['a', 'b', 'c', '.'], 4)}`
    const isMatch = nameMatcher(`a${pattern}`)(name)
    expect(isMatch, `${pattern} ${name}`).toBe(matchesGlob(name, `a${pattern}`))
    if (isMatch) matched += 1
  }
  expect(matched).toBeGreaterThan(1_000)
})
