import type { Month } from './year.ts'

/** What must not grow. The manifest and the items follow the day of the week a little. */
const FLAT = ['largestItem', 'head', 'manifest', 'coldCalls', 'coldBytes', 'items'] as const

const TOLERANCE = 1.1

/**
 * What grew after a month, in words. Lanes of redrives live for 66 days. Beside little else, they
 * are seen until month 3.
 */
export const grows = (months: readonly Month[], flatFrom: number): readonly string[] => {
  const base = months.find(({ month }) => month === flatFrom)
  if (base === undefined) return ['there are not enough months']
  return FLAT.flatMap((name) =>
    months
      .filter(({ month }) => month > flatFrom)
      .filter((month) => month[name] > base[name] * TOLERANCE)
      .map((month) => `month ${month.month}: ${name} is ${month[name]}, after ${base[name]}`),
  )
}
