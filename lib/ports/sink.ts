import type { Fence } from './fence.ts'

/** One batch of one output. */
export interface SinkBatch {
  /**
   * The name of the batch below the path of the sink: `totals-1700000000000`, with `/` between
   * names. Each batch of each output has its own name. A retry of the batch uses the same name.
   */
  readonly path: string
  /** The batch time, epoch milliseconds. */
  readonly timeMs: number
  /**
   * Only for sinks of files. The parts are bundles (`lib/base/file-bundle.ts`), and this is where
   * their files belong: below this path, beside those of other batches. Empty: below the root.
   */
  readonly spreadTo?: string
  /** The settings of an output that was declared with `saveTo`: plain data of its kind. */
  readonly settings?: object
  /** The place of such an output, as the pipeline names it: `sqs://orders/messages`. */
  readonly place?: string
}

/**
 * Writes the outputs of batches to a directory, a bucket, a table or a terminal.
 *
 *   open(batch, fence) -> write(0, ...), write(1, ...), ... -> finish -> commit -> publish
 *                                                          \-> abandon
 *
 * With `writePart`, other processes write parts of an open batch as well:
 *
 *   open -> admit ----> other process: writePart(3, ...) ----> wrote(3, ...) -> finish
 *
 * What an implementation promises (B4):
 * - *All or nothing.* After `publish` resolves, the target holds what the attempt of this fence has
 *   finished, nothing that it would count as of another attempt, and a sign that it is complete. If
 *   a call rejects, or the process ends, a reader that follows the rules of the target sees no
 *   partial batch.
 * - *No sign before the commit.* What is not published has no sign that it is complete. So a batch
 *   that is given up leaves none.
 * - *Nothing is taken back.* No call of another attempt changes what is finished under the fence
 *   that is published, however late it arrives.
 * - *Newer wins.* Content published under an older or equal fence of the same application is
 *   replaced.
 * - *Older is refused.* If a newer fence has published this batch, nothing is changed: `open`,
 *   `write`, `finish` or `publish` rejects with `OUTPUT_FENCED`.
 * - *Other content is protected.* Content that this application did not write is not changed: the
 *   call rejects with `OUTPUT_EXISTS`.
 * - *Content belongs to the caller.* The caller may change the content it gave once `write` or
 *   `writePart` has resolved.
 * - *Receipts decide.* A part that `writePart` has written belongs to the batch only if `wrote` was
 *   told of it. The process that wrote it may be slow, write it twice, or write it again when the
 *   batch has been published for long: what is published does not change.
 *
 * A sink without `publish` shows a batch when it is finished. A sink declares which of these
 * promises its target cannot keep. The others hold:
 * - `isAtomic: false`, for a table whose items are put one by one. A reader may see part of a batch
 *   between `open` and `finish`; after `finish` it sees all of it. Items that a failed or abandoned
 *   attempt has put stay. The promises hold for each item: each write of an item checks the fence
 *   and the batch time, so an older attempt or an older batch never replaces a newer one, and
 *   `finish` has nothing to check. An attempt replaces only the items that it writes itself. Other
 *   items of an earlier attempt would stay, but there are none if the same batch gives the same
 *   items (B3).
 * - `isFenced: false`, for a terminal. Nothing can be refused or replaced: outputs happen at least
 *   once.
 * - no `writePart`: all parts are written by the process that has opened the batch.
 *
 * A batch with `spreadTo` has its own place like any other. Its files come to their directories in
 * `publish`, which is repeated until all are there, each under a name of its own that has the batch
 * time: `part-1700000000000-00000.parquet`. So a reader that lists the directories sees only files
 * of batches that are committed, each once. It may see some files of a batch before the others.
 *
 * What the caller must do: open a batch once in an attempt, write each partition once, in any
 * order, and then call `finish` or `abandon`. The writes come one after the other; with
 * `writePart`, several may run at the same time. If the sink is not atomic, or not fenced, nothing
 * is written before all of the batch is encoded: what it shows cannot be taken back. When the
 * attempt is committed, and only then, call `publish` with what `finish` gave, in any process, as
 * often as needed until it resolves.
 *
 * Other errors: `OUTPUT_FAILED` (retryable), `STORE_FULL`.
 */
export interface Sink<C> {
  /** Its name in messages: `directory ./out`. */
  readonly description: string
  /** Whether a batch becomes visible all at once. Default true. */
  readonly isAtomic?: boolean
  /** Whether the fence is checked. Default true. */
  readonly isFenced?: boolean
  open(batch: SinkBatch, fence: Fence): Promise<OpenBatch<C>>
  /**
   * Writes a part of a batch that another process has opened under this fence, after its `admit`.
   * What it gives must come to `wrote` there. Left out: one process writes all parts.
   */
  writePart?(batch: SinkBatch, fence: Fence, partition: number, content: C): Promise<PartReceipt>
  /**
   * Marks a finished batch as complete. `receipt` is what `finish` gave. If the owner has moved the
   * batch away in the meantime, there may be nothing to mark.
   */
  publish?(batch: SinkBatch, fence: Fence, receipt: Receipt): Promise<void>
  /** Ends its connections. It is called once, when no batch is open. Never rejects. */
  close?(): Promise<void>
}

/** What a sink must know to publish a batch. It is short, and only the sink reads it. */
export type Receipt = string | undefined

/** What a sink must know of a part that another process has written. Only the sink reads it. */
export type PartReceipt = string

/** A batch that is being written. `C` is the content of one partition: bytes, text or items. */
export interface OpenBatch<C> {
  write(partition: number, content: C): Promise<void>
  /**
   * Only with `writePart`. Makes sure that parts may be written here. No other process may write
   * one before this has resolved.
   */
  admit?(): Promise<void>
  /** Only with `writePart`: another process has written a part. Called once for each partition. */
  wrote?(partition: number, receipt: PartReceipt): void
  /**
   * How many items or messages the target has refused so far because it was asked too much. They
   * were sent again, as far as the batch has not failed. Left out: the sink does not know.
   */
  throttled?(): number
  /**
   * Ends the writing. Afterwards everything is durable. A sink without `publish` now shows the
   * batch, all at once if it is atomic.
   */
  finish(): Promise<Receipt>
  /** Removes what was written so far, as far as possible. Never rejects. */
  abandon(): Promise<void>
}
