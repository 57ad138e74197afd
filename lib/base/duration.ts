import { MillraceError } from './errors.ts'

/**
 * A length of time, in whole milliseconds. Made by {@link milliseconds}, {@link seconds}, {@link
 * minutes} or {@link hours}; never a bare number, so that nobody has to guess a unit. The words are
 * those of Spark's Duration.
 *
 * @example
 * ```ts
 * seconds(90).plus(minutes(1)).milliseconds // 150000
 * minutes(1).div(seconds(10)) // 6
 * ```
 */
export class Duration {
  /**
   * The length in whole milliseconds: above zero, but for what is left when a length is taken from
   * itself.
   */
  readonly milliseconds: number

  /** @internal Durations are made by the functions named after their units. */
  constructor(lengthMs: number) {
    this.milliseconds = lengthMs
    Object.freeze(this)
  }

  /** Both together. */
  plus(other: Duration): Duration {
    return new Duration(this.milliseconds + other.milliseconds)
  }

  /**
   * What is left of this without the other.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the other is longer.
   */
  minus(other: Duration): Duration {
    if (this.less(other))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'minus() needs a length that is not longer',
        value: `${other.milliseconds} ms from ${this.milliseconds} ms`,
        fix: 'compare with less() first',
      })
    return new Duration(this.milliseconds - other.milliseconds)
  }

  /**
   * So many times as long.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when that does not come to whole milliseconds above
   * zero.
   */
  times(count: number): Duration {
    return durationOf(count, 'times', this.milliseconds)
  }

  /** How often the other goes into this: a real number. */
  div(other: Duration): number {
    return this.milliseconds / other.milliseconds
  }

  /** Whether this is a whole number of times as long as the other. */
  isMultipleOf(other: Duration): boolean {
    return this.milliseconds % other.milliseconds === 0
  }

  /** Whether there is nothing of it. */
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
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a
 * millisecond.
 * @example seconds(10)
 */
export const seconds = (count: number): Duration => durationOf(count, 'seconds', 1_000)

/**
 * So many minutes.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a
 * millisecond.
 * @example minutes(5)
 */
export const minutes = (count: number): Duration => durationOf(count, 'minutes', 60_000)

/**
 * So many hours.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not above zero or finer than a
 * millisecond.
 * @example hours(24)
 */
export const hours = (count: number): Duration => durationOf(count, 'hours', 3_600_000)
