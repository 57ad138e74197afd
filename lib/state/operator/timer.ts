/**
 * The timer of an operator. It answers three questions. Has the operator done its part before
 * (`firedMs`)? When will something happen without input (`setDue`)? How often may the operator
 * visit all of its state (`isOnGrid`, from `checkpoint()`)?
 *
 * Changes become true when the batch commits. A failed attempt leaves no trace.
 */
export interface Timer {
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
  setDue(dueMs: number | undefined): void
}

/** A timer as it is stored. Both times are epoch milliseconds. */
export interface TimerState {
  readonly firedMs?: number
  readonly dueMs?: number
}
