/** Reductions by key, compared with those of a `KeyedMap`. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyedMap } from '../../../lib/base/keys.ts'
import { ReducedMap } from '../../../lib/base/reduced-map.ts'

type Both = readonly [ReducedMap<unknown, string>, KeyedMap<unknown, string>]

/** The order of values shows in the result. */
const join = (a: string, b: string): string => `${a} ${b}`

/** Reduces the numbers of the keys, every third one by `combineNew`. */
const reduced = (keys: readonly unknown[]): Both => {
  const both: Both = [new ReducedMap(), new KeyedMap()]
  for (const [index, key] of keys.entries())
    for (const map of both)
      if (index % 3 === 0) map.combineNew(key, index, String, (a, b) => join(a, `+${b}`))
      else map.combine(key, String(index), join)
  return both
}

const expectSame = (keys: readonly unknown[]): void => {
  const [map, expected] = reduced(keys)
  expect(map.sortedCoded()).toEqual(expected.sortedCoded())
  const again = new KeyedMap<unknown, string>()
  for (const [key, value] of map.codedEntries()) again.combine(key, value, join)
  expect(again.sortedCoded()).toEqual(expected.sortedCoded())
}

/** Keys with the hash of the table: pairs of parts that lead from one hash to the same next one. */
const textsOfOneHash = (pairs: number): readonly string[] => {
  const step = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193)
  let hash = 0x811c9dc5 | 0
  let texts = ['']
  for (let pair = 0; pair < pairs; pair++) {
    const seen = new Map<number, string>()
    let found: readonly [string, string] | undefined
    for (let n = 0; found === undefined; n++) {
      const units = [Math.imul(n, 0x9e3779b1) >>> 16, Math.imul(n, 0x85ebca6b) >>> 16, n & 0xffff]
      const next = units.reduce(step, hash)
      const text = String.fromCharCode(...units)
      const other = seen.get(next)
      if (other !== undefined && other !== text) {
        found = [other, text]
        hash = next
      } else seen.set(next, text)
    }
    const [a, b] = found
    texts = texts.flatMap((text) => [text + a, text + b])
  }
  return texts
}

const many = (count: number, distinct: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `key ${(index * 7_919) % distinct}`)

describe('gives what a KeyedMap gives', () => {
  test.each<[string, readonly unknown[]]>([
    ['no keys', []],
    ['one empty text', ['', '']],
    ['some texts, again and again', many(1_000, 10)],
    ['as many as make the table grow often', many(50_000, 20_000)],
    ['names of fields of objects', ['__proto__', 'constructor', 'toString', '__proto__']],
    ['lone surrogates', ['\ud800', '\udfff', '\ud800', '\ufffd']],
    [
      'keys of all types, between which texts have their place',
      ['b', undefined, [1], 'a', null, 1n, 1, true, '1', 'b', new Date(5), { a: 1 }, [1], -0, 0],
    ],
    ['no texts', [1, 2, undefined, [1], 2]],
    ['texts of one hash', [...textsOfOneHash(10), ...many(5_000, 3_000), ...textsOfOneHash(10)]],
  ])('%s', (_, keys) => expectSame(keys))

  test('random keys', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u00ff', '\uffff'), maxLength: 5 })
    const key = fc.oneof({ weight: 5, arbitrary: text }, fc.integer({ max: 3 }), fc.constant([1]))
    fc.assert(fc.property(fc.array(key, { maxLength: 300 }), expectSame))
  })
})

test('a value that cannot be made leaves no key behind', () => {
  const map = new ReducedMap<string, number>()
  const fail = (): never => {
    throw new RangeError('no')
  }
  expect(() => map.combineNew('a', 1, fail, fail)).toThrow(RangeError)
  map.combine('b', 2, fail)
  expect(() => map.combine('b', 3, fail)).toThrow(RangeError)
  expect(map.sortedCoded()).toEqual([['b', 2]])
})

test('texts that were made to have one hash take no time beyond that of others', () => {
  const msOf = (texts: readonly string[]): number => {
    const map = new ReducedMap<string, number>()
    const before = performance.now()
    for (const text of [...texts, ...texts]) map.combine(text, 1, (a, b) => a + b)
    expect(map.sortedCoded()).toHaveLength(texts.length)
    return performance.now() - before
  }
  const crowded = textsOfOneHash(15)
  expect(new Set(crowded).size).toBe(2 ** 15)
  const others = many(2 ** 15, 2 ** 15).map((text) => text.padEnd(30, '.'))
  msOf(others)
  const free = msOf(others)
  // Without a limit it was more than a hundred times.
  expect(msOf(crowded)).toBeLessThan(20 * free + 200)
})
