import type { Month } from './year.ts'

/** What must not grow. The manifest and the items follow the day of the week a little. */
const FLAT = ['largestItem', 'head', 'manifest', 'coldCalls', 'coldBytes', 'items'] as const

/** A month after the first, nothing grows any more. */
const FIRST_FLAT_MONTH = 2
const TOLERANCE = 1.1

/** What grew after the first months, in words. */
export const grows = (months: readonly Month[]): readonly string[] => {
  const base = months.find(({ month }) => month === FIRST_FLAT_MONTH)
  if (base === undefined) return ['there are not enough months']
  return FLAT.flatMap((name) =>
    months
      .filter(({ month }) => month > FIRST_FLAT_MONTH)
      .filter((month) => month[name] > base[name] * TOLERANCE)
      .map((month) => `month ${month.month}: ${name} is ${month[name]}, after ${base[name]}`),
  )
}
