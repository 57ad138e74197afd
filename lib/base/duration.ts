import { MillraceError } from './errors.ts'

/**
 * A length of time, in whole milliseconds. It is made by {@link milliseconds}, {@link seconds},
 * {@link minutes} or {@link hours}. An API never takes a bare number for it, so the unit is always
 * clear. The method names are those of Spark's Duration.
 *
 * @example
 * ```ts
 * seconds(90).plus(minutes(1)).milliseconds // 150000
 * minutes(1).div(seconds(10)) // 6
 * ```
 */
export class Duration {
  /**
   * The length in whole milliseconds. It is above zero, except when {@link minus} subtracts an
   * equal length.
   */
  readonly milliseconds: number

  /** @internal Durations are made by the functions named after their units. */
  constructor(lengthMs: number) {
    this.milliseconds = lengthMs
    Object.freeze(this)
  }

  /** The sum of both. */
  plus(other: Duration): Duration {
    return new Duration(this.milliseconds + other.milliseconds)
  }

  /**
   * The difference of both.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the other is longer.
   */
  minus(other: Duration): Duration {
    if (this.less(other))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'minus() needs a duration that is not longer than this one',
        value: `${other.milliseconds} ms from ${this.milliseconds} ms`,
        fix: 'compare with less() first',
      })
    return new Duration(this.milliseconds - other.milliseconds)
  }

  /**
   * This duration multiplied by a number.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the product is not whole milliseconds above zero.
   */
  times(count: number): Duration {
    return durationOf(count, 'times', this.milliseconds)
  }

  /** This duration divided by the other: a real number. */
  div(other: Duration): number {
    return this.milliseconds / other.milliseconds
  }

  /** Whether this is a whole multiple of the other. */
  isMultipleOf(other: Duration): boolean {
    return this.milliseconds % other.milliseconds === 0
  }

  /** Whether the length is zero. */
  isZero(): boolean {
    return this.milliseconds === 0
  }

  less(other: Duration): boolean {
    return this.milliseconds < other.milliseconds
  }

  lessEq(other: Duration): boolean {
    return this.milliseconds <= other.milliseconds
  }

  greater(other: Duration): boolean {
    return this.milliseconds > other.milliseconds
  }

  greaterEq(other: Duration): boolean {
    return this.milliseconds >= other.milliseconds
  }

  /** The shorter one. */
  min(other: Duration): Duration {
    return this.lessEq(other) ? this : other
  }

  /** The longer one. */
  max(other: Duration): Duration {
    return this.greaterEq(other) ? this : other
  }
}

const durationOf = (count: number, unitName: string, unitMs: number): Duration => {
  const lengthMs = count * unitMs
  if (Number.isSafeInteger(lengthMs) && lengthMs > 0) return new Duration(lengthMs)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${unitName}() needs the length of a duration`,
    value: count,
    allowed: 'a number above zero that makes whole milliseconds',
    fix: `for example ${unitName}(${unitMs === 1 ? 500 : 10})`,
  })
}

/**
 * A duration in milliseconds.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or not whole.
 * @example milliseconds(500)
 */
export const milliseconds = (count: number): Duration => durationOf(count, 'milliseconds', 1)

/**
 * A duration in seconds. Fractions down to a millisecond are allowed.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a
 * millisecond.
 * @example seconds(10)
 */
export const seconds = (count: number): Duration => durationOf(count, 'seconds', 1_000)

/**
 * A duration in minutes. Fractions down to a millisecond are allowed.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a
 * millisecond.
 * @example minutes(5)
 */
export const minutes = (count: number): Duration => durationOf(count, 'minutes', 60_000)

/**
 * A duration in hours. Fractions down to a millisecond are allowed.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a
 * millisecond.
 * @example hours(24)
 */
export const hours = (count: number): Duration => durationOf(count, 'hours', 3_600_000)
