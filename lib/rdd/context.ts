import { MillraceError } from '../base/errors.ts'
import type { NumberedAdds } from './adds/adds-table.ts'
import type { KeyRejection } from './bad-records.ts'
import type { Pause } from '../base/pauses.ts'
import type { TaskRunner } from './tasks.ts'
import type { OpenParts, WritePartitions } from './write-target.ts'

/** What an RDD can use while a batch runs. An RDD made outside of a batch has none of it. */
export interface RddContext {
  readonly write: WritePartitions
  /** Default: every target takes whole batches. */
  readonly openParts?: OpenParts
  /** Default: each task runs at once, in this process. */
  readonly tasks?: TaskRunner
  /**
   * Small partitions are one task as long as they have together at most so many bytes. It must be
   * the same wherever tasks of a batch run (B3). Default: 8 to 32 MiB, by the size of the input.
   */
  readonly taskBytes?: number | undefined
  /** Default: no pauses. */
  readonly pause?: Pause
  /** Default: what is bad after a shuffle fails the batch. */
  readonly keys?: KeyRejection | undefined
  /** Takes what functions add to accumulators. Left out: the pipeline has none. */
  readonly adds?: NumberedAdds | undefined
}

/** The context of an RDD that was made outside of a batch. */
export const NO_CONTEXT: RddContext = {
  async write({ place }): Promise<void> {
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'This RDD does not belong to a batch, so it cannot be saved',
      value: place,
      fix: 'save inside foreachRDD, from the RDD that it passes to your function',
    })
  },
}
