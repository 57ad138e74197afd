import { type EventTime, NO_EVENT_TIME, type Watermark } from './event-time.ts'

/**
 * The timer of an operator. It answers three questions. Has the operator done its part before
 * (`firedMs`)? When will something happen without input (`setDue`)? How often may the operator
 * visit all of its state (`isOnGrid`, from `checkpoint()`)?
 *
 * Changes become true when the batch commits. A failed attempt leaves no trace.
 */
export interface Timer {
  /** What is known of event time from the batches before. Undefined: nothing. */
  readonly eventTime: EventTime | undefined
  /** The watermark before this batch, and in it. */
  readonly watermark: Watermark
  /** Sets what is known of event time after this batch. */
  setEventTime(eventTime: EventTime): void
  /**
   * The last batch time at which the timer fired, in this batch or a committed one. Undefined:
   * never.
   */
  readonly firedMs: number | undefined
  /** Notes that the timer fires in this batch. */
  fire(): void
  /**
   * Whether the timer may fire by the clock at this batch time. True for every batch, unless the
   * user set an interval with `checkpoint()`.
   */
  readonly isOnGrid: boolean
  /**
   * Says when something will happen without input: at the first batch time at or after `dueMs`, on
   * the grid of the interval. A pipeline at rest wakes for it. Undefined: nothing will happen. The
   * value stays until the next call.
   */
  setDue(dueMs: number | undefined, keys?: KeysInTime): void
}

/** The keys of an operator that end, or have timers. */
export interface KeysInTime {
  /** How many keys wait until something happens to them. */
  readonly waiting: number
  /** How many have ended in this batch, because they were idle. */
  readonly expired: number
  /** A key ends in the first batch that is later than its last use by more than this. */
  readonly idleMs?: number | undefined
  /** The due time is not put off to the grid of the interval. Default: it is. */
  readonly isExact?: boolean
}

/**
 * How the keys of an operator end, and how many have ended; how far its event time has come, and
 * how many records were late.
 */
export type Expiry = Pick<TimerState, 'idleMs' | 'expired'> &
  Pick<EventTime, 'watermarkMs' | 'late'>

/** The part of a timer that says how keys end. */
export const expiryOf = ({
  idleMs,
  expired,
  eventTime = NO_EVENT_TIME,
}: TimerState = {}): Expiry => {
  const { watermarkMs, latestMs, late } = eventTime
  return {
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(expired === undefined ? {} : { expired }),
    // By batch time, there is no latest event.
    ...(watermarkMs === undefined || latestMs === undefined ? {} : { watermarkMs }),
    ...(late === undefined ? {} : { late }),
  }
}

/** A timer as it is stored. Times are epoch milliseconds. */
export interface TimerState {
  readonly firedMs?: number
  readonly dueMs?: number
  /** See {@link KeysInTime}. Left out: none. */
  readonly waiting?: number
  readonly idleMs?: number
  /** How many keys have ended so far, because they were idle. Left out: none. */
  readonly expired?: number
  /** How far event time has come. Left out: the operator has none. */
  readonly eventTime?: EventTime
}
