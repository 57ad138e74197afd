import { describe, expect, test } from 'vitest'
import { hours, milliseconds, minutes, seconds } from '../../../lib/base/duration.ts'
import { gridTimeAtOrAfter, zeroTimeAt } from '../../../lib/base/batch-time.ts'
import { timeOf } from '../../../lib/base/time.ts'

describe('durations', () => {
  test.each([
    ['milliseconds(500)', milliseconds(500), 500],
    ['seconds(10)', seconds(10), 10_000],
    ['seconds(0.5)', seconds(0.5), 500],
    ['seconds(0.001)', seconds(0.001), 1],
    ['minutes(5)', minutes(5), 300_000],
    ['minutes(1.5)', minutes(1.5), 90_000],
    ['hours(24)', hours(24), 86_400_000],
  ])('%s', (_, duration, expected) => {
    expect(duration).toEqual({ milliseconds: expected })
    expect(Object.isFrozen(duration)).toBe(true)
  })

  test.each([
    ['milliseconds(0)', () => milliseconds(0)],
    ['milliseconds(1.5)', () => milliseconds(1.5)],
    ['seconds(-1)', () => seconds(-1)],
    ['seconds(0.0001)', () => seconds(0.0001)],
    ['seconds(NaN)', () => seconds(Number.NaN)],
    ['minutes(Infinity)', () => minutes(Infinity)],
    ['hours(2 ** 53)', () => hours(2 ** 53)],
    ['seconds("10")', () => seconds('ten' as unknown as number)],
  ])('%s is refused', (call, make) => {
    const name = call.slice(0, call.indexOf('('))
    expect(make).toThrow(
      expect.objectContaining({
        code: 'ARGUMENT_INVALID',
        message: expect.stringContaining(`${name}() needs`) as string,
      }),
    )
  })
})

describe('batch times lie on a grid that is aligned to the epoch', () => {
  test.each([
    // now, interval, zero time
    [0, 1_000, 0],
    [999, 1_000, 0],
    [1_000, 1_000, 1_000],
    [1_700_000_012_345, 10_000, 1_700_000_010_000],
    [20_999, 7_000, 14_000],
  ])('started at %i with %i ms, the zero time is %i', (nowMs, intervalMs, zeroMs) => {
    expect(zeroTimeAt(nowMs, intervalMs)).toBe(zeroMs)
  })

  test.each([
    // moment, zero, interval, next
    [5_000, 5_000, 1_000, 5_000],
    [5_001, 5_000, 1_000, 6_000],
    [5_999, 5_000, 1_000, 6_000],
    [6_000, 5_000, 1_000, 6_000],
    [5_001, 5_000, 7_000, 12_000],
  ])(
    'the first at or after %i, from %i every %i ms, is %i',
    (momentMs, zeroMs, intervalMs, next) => {
      expect(gridTimeAtOrAfter(momentMs, zeroMs, intervalMs)).toBe(next)
    },
  )

  test('a time handed to users is frozen', () => {
    expect(timeOf(5)).toEqual({ milliseconds: 5 })
    expect(Object.isFrozen(timeOf(5))).toBe(true)
  })
})
