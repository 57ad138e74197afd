import { describe, expect, test } from 'vitest'
import { costsOf, dollarsOf, type Usage } from '../../../lib/base/prices.ts'

/** Bills worked out by hand from the price list. */
const BILLS: readonly { readonly usage: Usage; readonly dollars: number }[] = [
  { usage: {}, dollars: 0 },
  { usage: { writeUnits: 1_000_000 }, dollars: 0.625 },
  { usage: { readUnits: 8_000_000 }, dollars: 1 },
  { usage: { objectWrites: 1_000, objectReads: 10_000 }, dollars: 0.009 },
  { usage: { invocations: 1_000_000, gigabyteSeconds: 100_000 }, dollars: 1.53334 },
  { usage: { logBytes: 2e9, queueRequests: 5_000_000 }, dollars: 3 },
  { usage: { alarmMonths: 15, metricMonths: 4 }, dollars: 2.7 },
  { usage: { scheduledCalls: 43_200, keyRequests: 10_000 }, dollars: 0.0732 },
]

describe('a bill', () => {
  test.each(BILLS)('$usage costs $dollars', ({ usage, dollars }) =>
    expect(dollarsOf(usage)).toBeCloseTo(dollars, 9),
  )

  test('has a line for each kind', () =>
    expect(costsOf({ writeUnits: 1_600_000, alarmMonths: 2 })).toEqual({
      writeUnits: 1,
      alarmMonths: 0.2,
    }))

  test('refuses what has no price', () =>
    expect(() => dollarsOf({ coffee: 1 } as Usage)).toThrow(/no price/))
})
