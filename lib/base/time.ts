import { Duration } from './duration.ts'
import { MillraceError } from './errors.ts'

/**
 * A moment, such as the batch time that user functions get. The method names are those of Spark's
 * Time.
 *
 * @example
 * ```ts
 * timeOf(1_350).floor(milliseconds(200)).milliseconds // 1200
 * timeOf(1_000).to(timeOf(1_200), milliseconds(100)).length // 3
 * ```
 */
export class Time {
  /** Whole milliseconds since the epoch. */
  readonly milliseconds: number

  /** @internal Times are made by {@link timeOf} and passed to user functions. */
  constructor(momentMs: number) {
    this.milliseconds = momentMs
    Object.freeze(this)
  }

  /** The moment that is a duration after this one. */
  plus(duration: Duration): Time {
    return new Time(this.milliseconds + duration.milliseconds)
  }

  /**
   * The duration from an earlier moment to this one; or the moment that is a duration before this
   * one.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the other moment is later.
   */
  minus(earlier: Time): Duration
  minus(duration: Duration): Time
  minus(other: Time | Duration): Time | Duration {
    if (other instanceof Duration) return new Time(this.milliseconds - other.milliseconds)
    if (this.greaterEq(other)) return new Duration(this.milliseconds - other.milliseconds)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'minus() needs a moment that is not later than this one',
      value: `${other.milliseconds} ms from ${this.milliseconds} ms`,
      fix: 'compare with less() first',
    })
  }

  /**
   * The last moment, at or before this one, that is a whole multiple of `step` after `zero`.
   * Default of `zero`: the epoch.
   */
  floor(step: Duration, zero: Time = new Time(0)): Time {
    const steps = Math.floor((this.milliseconds - zero.milliseconds) / step.milliseconds)
    return new Time(zero.milliseconds + steps * step.milliseconds)
  }

  /** Whether this is a whole multiple of `step` after the epoch. */
  isMultipleOf(step: Duration): boolean {
    return this.milliseconds % step.milliseconds === 0
  }

  less(other: Time): boolean {
    return this.milliseconds < other.milliseconds
  }

  lessEq(other: Time): boolean {
    return this.milliseconds <= other.milliseconds
  }

  greater(other: Time): boolean {
    return this.milliseconds > other.milliseconds
  }

  greaterEq(other: Time): boolean {
    return this.milliseconds >= other.milliseconds
  }

  /** The earlier one. */
  min(other: Time): Time {
    return this.lessEq(other) ? this : other
  }

  /** The later one. */
  max(other: Time): Time {
    return this.greaterEq(other) ? this : other
  }

  /** The moments from this one, one every `step`, without `end`. */
  until(end: Time, step: Duration): readonly Time[] {
    const count = Math.max(0, Math.ceil((end.milliseconds - this.milliseconds) / step.milliseconds))
    return Array.from(
      { length: count },
      (_, index) => new Time(this.milliseconds + index * step.milliseconds),
    )
  }

  /** The moments from this one, one every `step`, with `end` if it is one of them. */
  to(end: Time, step: Duration): readonly Time[] {
    return this.until(new Time(end.milliseconds + 1), step)
  }
}

/**
 * The moment a number of milliseconds after the epoch.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when the count is not whole.
 * @example timeOf(1_700_000_000_000).plus(seconds(10))
 */
export const timeOf = (milliseconds: number): Time => {
  if (Number.isSafeInteger(milliseconds)) return new Time(milliseconds)
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'timeOf() needs a moment',
    value: milliseconds,
    allowed: 'whole milliseconds since the epoch',
  })
}
