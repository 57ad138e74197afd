import type { Fence } from './fence.ts'

/** Which batch of which output is written. */
export interface SinkBatch {
  /**
   * Names the batch below the place of the sink: `totals-1700000000000`, with `/` between names.
   * Each batch of each output has its own, and a batch that is tried again has the same again.
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
 * - *Newer wins.* What was written under an older or equal fence of the same application is
 *   replaced.
 * - *Older is refused.* If a newer fence has written this batch, nothing is changed: `open`,
 *   `write` or `finish` rejects with `OUTPUT_FENCED`. `finish` always checks; the others may.
 * - *Others are respected.* What was not written by this application is left alone: rejects with
 *   `OUTPUT_EXISTS`.
 * - *Content is the caller's.* It may change what it has given when `write` has resolved.
 *
 * What a place cannot do, its sink declares. The other promises stand:
 * - `isAtomic: false`, a table whose items are put one by one. A reader may see part of a batch
 *   between `open` and `finish`; after `finish` it sees all of it. What a failed or abandoned
 *   attempt has put stays. The promises hold item by item: each write of an item checks the fence
 *   and the batch time, so an older attempt or an older batch never replaces a newer one, and
 *   `finish` has nothing to check. An attempt replaces only the items that it writes itself. What
 *   an earlier attempt wrote beside them stays; there is nothing, as long as the same batch gives
 *   the same items (B3).
 * - `isFenced: false`, a terminal. Nothing can be refused or replaced: outputs happen at least
 *   once.
 *
 * Duties of the caller: it opens a batch once in an attempt, writes each partition from 0 on once,
 * one after the other, and then calls `finish` or `abandon`.
 *
 * Other errors: `OUTPUT_FAILED` (retryable), `STORE_FULL`.
 */
export interface Sink<C> {
  /** How the place is called in messages: `directory ./out`. */
  readonly description: string
  /** Whether a batch is visible as a whole or not at all. Default true. */
  readonly isAtomic?: boolean
  /** Whether the fence is kept. Default true. */
  readonly isFenced?: boolean
  open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<C>>
}

/** A batch that is being written. `C` is what the sink takes of a partition: bytes, text, items. */
export interface OpenBatch<C> {
  write(partition: number, content: C): Promise<void>
  /** The batch is complete. Makes it visible, where that can be done at once. */
  finish(): Promise<void>
  /** Removes what was written so far, as well as it can. Never rejects. */
  abandon(): Promise<void>
}
