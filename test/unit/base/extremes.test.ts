import { expect, test } from 'vitest'
import { greatestOf, leastOf } from '../../../lib/base/extremes.ts'

test.each<[string, Iterable<number>, number, number]>([
  ['no number', [], Infinity, -Infinity],
  ['one', [3], 3, 3],
  ['some', new Set([2, -1, 5]), -1, 5],
  ['infinite ones', [1, Infinity, -Infinity], -Infinity, Infinity],
  ['more than the stack holds', new Float64Array(1_000_000).map((_, at) => at), 0, 999_999],
])('the least and the greatest of %s', (_, numbers, least, greatest) => {
  expect([leastOf(numbers), greatestOf(numbers)]).toEqual([least, greatest])
})
