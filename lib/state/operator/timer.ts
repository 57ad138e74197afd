/**
 * The timer of an operator. It answers three questions with one thing: has the operator done its
 * part before (`firedMs`), when will something happen without input (`setDue`), and how often may
 * it look at all of its state (`isOnGrid`, from `checkpoint()`).
 *
 * What is changed here becomes true with the batch's commit; a failed attempt leaves no trace.
 */
export interface Timer {
  /** The batch time at which it fired last, in this batch or a committed one. Undefined: never. */
  readonly firedMs: number | undefined
  /** Notes that it fires in this batch. */
  fire(): void
  /**
   * Whether it may fire by the clock at this batch time. True for every batch, unless the user has
   * given it an interval with `checkpoint()`.
   */
  readonly isOnGrid: boolean
  /**
   * Says when something will happen even if nothing comes in: at the first batch time from then on,
   * on the grid of its interval. A pipeline at rest wakes for it. Undefined: nothing will. It stays
   * set until it is set again.
   */
  setDue(dueMs: number | undefined): void
}

/** A timer as it is stored: both in epoch milliseconds. */
export interface TimerState {
  readonly firedMs?: number
  readonly dueMs?: number
}
