import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  positionOf,
  sequenceNumberOf,
  USER_RECORDS_MAX,
} from '../../../../../lib/runtime/sources/kinesis/positions.ts'
import { BEGINNING, isAfter } from '../../../../../lib/state/lane-entries.ts'

const number = fc.bigInt({ min: 0n, max: 10n ** 56n })
const index = fc.integer({ min: 0, max: USER_RECORDS_MAX - 1 })

test('positions are in the order of sequence number and index', () => {
  fc.assert(
    fc.property(number, index, number, index, (a, i, b, j) => {
      const isLater = a > b || (a === b && i > j)
      expect(isAfter(positionOf(String(a), i), positionOf(String(b), j))).toBe(isLater)
    }),
  )
})

test('every position is after the beginning, and contains its sequence number', () => {
  fc.assert(
    fc.property(number, index, (a, i) => {
      expect(isAfter(positionOf(String(a), i), BEGINNING)).toBe(true)
      expect(sequenceNumberOf(positionOf(String(a), i))).toBe(String(a))
    }),
  )
})

test('leading zeros do not matter', () =>
  expect(positionOf('000000000000000000000000000042')).toBe(positionOf('42')))
