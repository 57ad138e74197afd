/**
 * What is known of a batch when its outputs are done: what is left to do when it is committed, and
 * the values of accumulators. Its driver does what is left, or the next process does.
 */
import type { ItemStore } from '../ports/item-store.ts'
import type { StoredAccumulators } from '../rdd/adds/accumulator-set.ts'
import type { FinishedOutput } from './finished-output.ts'

/** What is left to do after a commit. */
export interface AfterCommit {
  /**
   * The epoch of the attempt that committed the batch: the dead letters of this epoch are true.
   * Undefined: no attempt at this batch can have put records aside.
   */
  readonly deadLetterEpoch?: number
  /** How long the dead letters of the batch are kept, in milliseconds. Undefined: for ever. */
  readonly deadLettersKeptMs?: number
  /** The outputs of the batch that its driver publishes after the commit. */
  readonly outputs?: readonly FinishedOutput[]
  /** The values of accumulators. Outputs add to them too, so they are known at the end. */
  readonly accumulators?: StoredAccumulators
}

/** The head is written twice in each batch, and read by each intake call. So it holds a little. */
const BYTES_MAX = 2_048
const SHARE_MAX = 1 / 40

/** Whether the head can hold it. */
export const fitsHead = (store: Pick<ItemStore, 'itemBytesMax'>, after: AfterCommit): boolean =>
  Buffer.byteLength(JSON.stringify(after)) <= Math.min(BYTES_MAX, store.itemBytesMax * SHARE_MAX)
