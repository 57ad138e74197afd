import { expect, test } from 'vitest'
import { elementLines, elementText } from '../../../lib/formats/element-text.ts'

test.each<[string, unknown, string]>([
  ['text, unchanged', 'to be', 'to be'],
  ['a number', 1.5, '1.5'],
  ['null and undefined', [null, undefined], '(null,undefined)'],
  ['a pair as Spark shows a tuple', ['word', 3], '(word,3)'],
  [
    'a pair in a pair',
    [
      ['a', 1],
      ['b', [2]],
    ],
    '((a,1),(b,(2)))',
  ],
  ['an empty array', [], '()'],
  ['an object as JSON', { a: [1, 'x'] }, '{"a":[1,"x"]}'],
  ['bigints', [5n, { n: 5n }], '(5,{"n":"5"})'],
  ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['an invalid date', new Date(Number.NaN), 'Invalid Date'],
  ['maps and sets', { map: new Map([['a', 1]]), set: new Set([1]) }, '{"map":[["a",1]],"set":[1]}'],
  ['a map as the element', new Map([['a', 1]]), '[["a",1]]'],
  ['-0', -0, '0'],
])('%s', (_, element, text) => {
  expect(elementText(element)).toBe(text)
})

test('elements as lines of UTF-8', () => {
  expect(Buffer.from(elementLines(['ä', ['b', 1]])).toString('utf8')).toBe('ä\n(b,1)\n')
  expect(elementLines([])).toHaveLength(0)
})
