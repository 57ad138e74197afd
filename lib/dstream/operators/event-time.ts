import { type Duration, minutes } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import { refusePromise } from '../../base/promises.ts'
import type { Time } from '../../base/time.ts'
import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import { checkPair } from '../../rdd/pairs.ts'
import { advanceEventTime, idleDueMs } from '../../state/operator/event-time.ts'
import { gridWindowing, sessionWindowing } from '../../state/operator/time-spans.ts'
import { checkDurationMs, checkFunction } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import type { TimeOfWindows } from './timed-window-node.ts'
import { KeyedWindows } from './timed-windows.ts'

/**
 * How the event time of a stream goes on.
 *
 * @example const options: EventTimeOptions = { lateness: seconds(30), maxAhead: minutes(5) }
 */
export interface EventTimeOptions {
  /**
   * How far the records of a lane are out of order. The watermark is so much before the latest
   * record: windows wait so long for records that come late. Default: not at all.
   */
  readonly lateness?: Duration
  /**
   * A lane that has had no record for longer than this, in batch time, does not hold the watermark.
   * Default 5 minutes.
   */
  readonly idle?: Duration
  /**
   * How far ahead of its batch the time of a record may be. A record of a wrong clock becomes a
   * dead letter then; without this bound, it makes all others late. Default: no bound.
   */
  readonly maxAhead?: Duration
}

/** A moment as a record has it: epoch milliseconds, a date, or a `Time`. */
type Moment = number | Date | Time

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Reads from each pair when it happened, for windows by event time. On pairs only. The
     * watermark says how far event time has come: it is the least of the latest times of all lanes,
     * without those that are idle, minus `lateness`. It never goes back. When no lane is active, it
     * is the greatest. A lane is an ordered part of a source, such as a shard of Kinesis or a
     * partition of Kafka; any other source is one lane.
     *
     * A record whose time is not a finite number becomes a dead letter.
     *
     * @param time The time of a pair: epoch milliseconds, a `Date` or a `Time`.
     * @param options `lateness`, default none; `idle`, default 5 minutes; and `maxAhead`.
     * @throws MillraceError `ARGUMENT_INVALID` when an option is not a duration.
     * @example
     * ```ts
     * calls
     *   .withEventTime(([, call]) => call.at, { lateness: seconds(30) })
     *   .window(minutes(5))
     *   .countByKey()
     *   .print()
     * ```
     */
    withEventTime(
      this: PairStream<T>,
      time: (pair: T) => Moment,
      options?: EventTimeOptions,
    ): EventTimeStream<PairKey<T>, PairValue<T>>
  }
}

/**
 * A stream of pairs with their event time.
 *
 * @example
 * ```ts
 * const timed: EventTimeStream<string, number> = pairs.withEventTime(([, atMs]) => atMs)
 * ```
 */
export class EventTimeStream<K, V> {
  readonly #stream: DStream<unknown>
  readonly #time: TimeOfWindows

  /** @internal Made by `withEventTime`. */
  constructor(stream: DStream<unknown>, time: TimeOfWindows) {
    this.#stream = stream
    this.#time = time
  }

  /**
   * Windows of one size at each multiple of the slide, counted from the epoch. A record is in all
   * windows that have its time.
   *
   * @param size How long a window is.
   * @param slide How far apart windows begin, at most `size`. Default: `size`, so that each record
   * is in one window.
   * @throws MillraceError `ARGUMENT_INVALID` when one is not a duration, or the slide is longer.
   * @example timed.window(minutes(10), minutes(1)).countByKey().print()
   */
  window(size: Duration, slide: Duration = size): KeyedWindows<K, V, 'event time'> {
    const sizeMs = checkDurationMs('window() size', size)
    const slideMs = checkDurationMs('window() slide', slide)
    if (slideMs > sizeMs)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'window() by event time needs a slide that is not longer than its size',
        value: `a slide of ${slideMs} ms, and a size of ${sizeMs} ms`,
        fix: 'records between two windows would be in none: filter them before',
      })
    return this.#windows(gridWindowing(sizeMs, slideMs))
  }

  /**
   * Sessions: the records of a key that are no more than `gap` apart. A session ends a gap after
   * its last record.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the gap is not a duration.
   * @example timed.sessionWindow(minutes(30)).countByKey().print()
   */
  sessionWindow(gap: Duration): KeyedWindows<K, V, 'event time'> {
    return this.#windows(
      sessionWindowing(checkDurationMs('sessionWindow() gap', gap), 'event time'),
    )
  }

  #windows(windowing: ReturnType<typeof gridWindowing>): KeyedWindows<K, V, 'event time'> {
    const by = 'event time'
    return new KeyedWindows({ stream: this.#stream, windowing, time: this.#time, by })
  }
}

const IDLE = minutes(5)

DStream.prototype.withEventTime = function <K, V>(
  this: DStream<[K, V]>,
  time: (pair: [K, V]) => Moment,
  { lateness, idle = IDLE, maxAhead }: EventTimeOptions = {},
) {
  checkFunction('withEventTime', time)
  const optional = (name: string, duration: Duration | undefined): number | undefined =>
    duration === undefined ? undefined : checkDurationMs(`withEventTime() ${name}`, duration)
  const rule = {
    latenessMs: optional('lateness', lateness) ?? 0,
    idleMs: checkDurationMs('withEventTime() idle', idle),
  }
  const aheadMs = optional('maxAhead', maxAhead) ?? Infinity
  return new EventTimeStream<K, V>(this, {
    timed:
      ({ timeMs: batchMs }, lane = '') =>
      (element) => {
        const pair = checkPair(element as readonly [K, V]) as [K, V]
        const timeMs = checkMoment(refusePromise(time(pair)), batchMs + aheadMs)
        return [pair[0], { timeMs, value: pair[1], lane }]
      },
    after: ({ timer, timeMs }, seen) => advanceEventTime(timer.eventTime, seen, timeMs, rule),
    dueMs: (after) => idleDueMs(after, rule),
  })
}

/** The latest moment of a `Date`. */
const MOMENT_MAX_MS = 8.64e15

/** The whole milliseconds of a moment. */
const checkMoment = (moment: Moment, latestMs: number): number => {
  const momentMs: unknown =
    moment instanceof Date
      ? moment.getTime()
      : ((moment as Partial<Time> | undefined)?.milliseconds ?? moment)
  if (typeof momentMs !== 'number' || !(Math.abs(momentMs) <= MOMENT_MAX_MS))
    throw new MillraceError('EVENT_TIME_INVALID', {
      problem: 'withEventTime() got no moment for a record',
      value: moment,
      allowed: 'epoch milliseconds, a Date or a Time',
      fix: 'return the time of the record from the function of withEventTime()',
    })
  if (momentMs > latestMs)
    throw new MillraceError('EVENT_TIME_INVALID', {
      problem: 'The time of a record is too far ahead of its batch',
      value: new Date(momentMs).toISOString(),
      allowed: `up to ${new Date(latestMs).toISOString()}: the option maxAhead of withEventTime()`,
      fix: 'correct the clock that made the record; it can be redriven when its time has come',
    })
  // No -0.
  return Math.floor(momentMs) || 0
}
