import type { Fence } from './fence.ts'

/** Which batch of which output is written. */
export interface SinkBatch {
  /**
   * Names the batch below the place of the sink: `totals-1700000000000`, with `/` between names. Each
   * batch of each output has its own, and a batch that is tried again has the same again.
   */
  readonly path: string
  /** The batch time, epoch milliseconds. */
  readonly timeMs: number
}

/**
 * Takes the outputs of batches: a directory, a bucket, a table, a terminal.
 *
 *   open(batch, fence) -> write(0, ...), write(1, ...), ... -> finish
 *                                                          \-> abandon
 *
 * What an implementation promises (B4):
 * - *All or nothing.* After `finish` resolves, the place holds what was written for this batch, and
 *   nothing of an earlier attempt at it. If a call rejects, or the process ends, a reader that
 *   follows the rules of the place sees nothing half done.
 * - *Newer wins.* What was written under an older or equal fence of the same application is replaced.
 * - *Older is refused.* If a newer fence has written this batch, nothing is changed: `open` or
 *   `finish` rejects with `OUTPUT_FENCED`. `finish` always checks; `open` may.
 * - *Others are respected.* What was not written by this application is left alone: rejects with
 *   `OUTPUT_EXISTS`.
 * - *Content is the caller's.* It may change what it has given when `write` has resolved.
 *
 * A sink that cannot keep a fence, such as a terminal, says so where it is made. Its outputs happen at
 * least once.
 *
 * Duties of the caller: it opens a batch once in an attempt, writes each partition from 0 on once, one
 * after the other, and then calls `finish` or `abandon`.
 *
 * Other errors: `OUTPUT_FAILED` (retryable), `STORE_FULL`.
 */
export interface Sink<C> {
  /** How the place is called in messages: `directory ./out`. */
  readonly description: string
  open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<C>>
}

/** A batch that is being written. `C` is what the sink takes of a partition: bytes, text or elements. */
export interface OpenBatch<C> {
  write(partition: number, content: C): Promise<void>
  /** Makes the batch visible. */
  finish(): Promise<void>
  /** Removes what was written so far, as well as it can. Never rejects. */
  abandon(): Promise<void>
}
