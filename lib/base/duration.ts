import { MillraceError } from './errors.ts'

/**
 * A length of time. Made by {@link milliseconds}, {@link seconds}, {@link minutes} or {@link hours}; never a bare number, so that nobody
 * has to guess a unit.
 */
export interface Duration {
  /** The length in whole milliseconds, above zero. */
  readonly milliseconds: number
}

const durationOf = (count: number, unitName: string, unitMs: number): Duration => {
  const lengthMs = count * unitMs
  if (Number.isSafeInteger(lengthMs) && lengthMs > 0) return Object.freeze({ milliseconds: lengthMs })
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${unitName}() needs a length of time`,
    value: count,
    allowed: 'a number above zero that comes to whole milliseconds',
    fix: `for example ${unitName}(${unitMs === 1 ? 500 : 10})`,
  })
}

/**
 * So many milliseconds.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or not whole.
 * @example milliseconds(500)
 */
export const milliseconds = (count: number): Duration => durationOf(count, 'milliseconds', 1)

/**
 * So many seconds; fractions down to a millisecond are allowed.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a millisecond.
 * @example seconds(10)
 */
export const seconds = (count: number): Duration => durationOf(count, 'seconds', 1_000)

/**
 * So many minutes.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a millisecond.
 * @example minutes(5)
 */
export const minutes = (count: number): Duration => durationOf(count, 'minutes', 60_000)

/**
 * So many hours.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a millisecond.
 * @example hours(24)
 */
export const hours = (count: number): Duration => durationOf(count, 'hours', 3_600_000)
