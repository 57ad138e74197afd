import { describe, expect, test } from 'vitest'
import {
  binaryFunction,
  elementFunction,
  pairFilter,
  partitionFunction,
  valueFunction,
} from './runner/words/functions.ts'
import { updateFunction } from './runner/words/updates.ts'

describe('functions of an element', () => {
  const rows: readonly (readonly [word: string, element: unknown, result: unknown])[] = [
    ['x => [x, x*2]', 3, [3, 6]],
    ['x => (x,1)', 'a', ['a', 1]],
    ['x => (x,"x")', 'a', ['a', 'x']],
    ['x => (x, (1, [x]))', 2, [2, [1, [2]]]],
    ['x => x+4', 3, 7],
    ['x => 2 * (x - 1) % 4', 4, 2],
    ['x => -x', 3, -3],
    ['x => x > 1 && x < 3 ? "in" : "out"', 2, 'in'],
    ['s => (s,length)', 'abc', ['abc', 3]],
    [
      's => for each char c: (length(s), c)',
      'ab',
      [
        [2, 'a'],
        [2, 'b'],
      ],
    ],
    [
      '(s,n) => for each char c: (n,c)',
      ['hi', 2],
      [
        [2, 'h'],
        [2, 'i'],
      ],
    ],
    ['x % 2 == 0', 3, false],
    ["contains 'a'", 'bab', true],
    ["key contains 'a'", ['bab', 1], true],
    ['v>0', ['a', 1], true],
    ['value', ['a', 1], 1],
    ['swap', ['a', 1], [1, 'a']],
    ['even', 4, true],
    ['toString', 4, '4'],
    ['toInt', '4', 4],
    ['string length', 'four', 4],
    ['identity', [1], [1]],
  ]
  test.each(rows)('%s of %j', (word, element, result) =>
    expect(elementFunction(word)(element)).toEqual(result),
  )
})

test.each([
  ['v => [v, v+10]', 1, [1, 11]],
  ['v+10', 1, 11],
  ['upper case', 'a', 'A'],
  ['toString', 5, '5'],
] as const)('function of a value: %s of %j', (word, value, result) =>
  expect(valueFunction(word)(value)).toEqual(result),
)

test.each([
  ['sum', 5, 3, 8],
  ['subtract', 5, 3, 2],
  ['multiply', 5, 3, 15],
  ['integer division: inverse(accumulated, leaving) = accumulated / leaving', 7, 2, 3],
  ['a + toString(b)', '1', 2, '12'],
  ['(p, q) => q - p', 1, 5, 4],
] as const)('function of two values: %s', (word, a, b, result) =>
  expect(binaryFunction(word)(a, b)).toBe(result),
)

test.each([
  ['value > 1', 1, false],
  ['value != 0', 1, true],
] as const)('filter of pairs: %s', (word, value, result) =>
  expect(pairFilter(word)('k', value)).toBe(result),
)

test.each([
  ['iterator => [sum(iterator)]', [1, 2], [3]],
  ['concatenate upper-cased', ['a', 'b'], ['AB']],
] as const)('function of a partition: %s', (word, elements, result) =>
  expect(partitionFunction(word)(elements)).toEqual(result),
)

test.each([
  ['(values, state) => sum(values) + (state or 0)', [1, 2], undefined, 3],
  ['sum(values)+(state or 0)', [1, 2], 4, 7],
  ['(new, old) => sum(new) + (old or 0)', [1, 2], 4, 7],
  ['(k, new, old) => sum(new) + (old or 0)', [1, 2], 4, 7],
  [
    '(batchTimeMs,key,values,state) => values nonempty ? batchTimeMs + (state or 0) : (state or 0)',
    [],
    4,
    4,
  ],
  [
    '(batchTimeMs,key,values,state) => values nonempty ? batchTimeMs + (state or 0) : (state or 0)',
    [1],
    4,
    1_004,
  ],
  ['iterator of (key, values, state) => iterator of (key, sum(values) + (state or 0))', [1], 4, 5],
  ['drop the key when sum of new values is 0, else sum+state', [], 4, undefined],
] as const)('update: %s', (word, values, state, result) => {
  expect(updateFunction(word)({ timeMs: 1_000, key: 'k', values, state })).toBe(result)
})

test.each([
  '',
  'x =>',
  'x => x +',
  'x => (x',
  'x => [x',
  'x => x y',
  'x => foo(x)',
  'x => x ? 1',
  'make it nice',
  7,
])('unknown: %s', (word) => {
  expect(() => elementFunction(word)('a')).toThrow('the vocabulary has no')
})
