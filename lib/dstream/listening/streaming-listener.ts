/** Spark's listener: what happens to batches, outputs and receivers, as it happens. */
import type { Duration } from '../../base/duration.ts'
import type { Time } from '../../base/time.ts'

/**
 * What a batch takes from a source. `inputStreamId` is the place of the source in the pipeline,
 * from 0, and `name` its id.
 *
 * @example const taken = ({ name, numRecords }: StreamInputInfo) => `${name}: ${numRecords}`
 */
export interface StreamInputInfo {
  readonly inputStreamId: number
  readonly name: string
  /** 0 where the number is not known before the records are read. */
  readonly numRecords: number
  /** `lanes`: what was taken of each. `names`: the first files or objects. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** The same for people: a line for each lane or name. Undefined: there is nothing to say. */
  readonly metadataDescription?: string
}

/**
 * A run of an output operation. `id` is its place among the outputs of the pipeline, from 0. Times
 * are epoch milliseconds, and left out when they have not come yet.
 *
 * @example const failed = ({ failureReason }: OutputOperationInfo) => failureReason !== undefined
 */
export interface OutputOperationInfo {
  readonly batchTime: Time
  readonly id: number
  /** The id of its node: `print-1`. */
  readonly name: string
  /** Where the pipeline declares it. Empty: unknown. */
  readonly description: string
  readonly startTime?: number
  readonly endTime?: number
  /** Milliseconds. */
  readonly duration?: number
  readonly failureReason?: string
}

/**
 * A batch, as far as it is known. Times are epoch milliseconds, and delays milliseconds. What has
 * not come yet is left out. Each attempt at a batch that fails is told as a batch of its own.
 *
 * @example const isLate = ({ schedulingDelay = 0 }: BatchInfo) => schedulingDelay > 1_000
 */
export interface BatchInfo {
  readonly batchTime: Time
  /** The number of the attempt, from 1. */
  readonly attempt: number
  readonly streamIdToInputInfo: ReadonlyMap<number, StreamInputInfo>
  /** When the batch could begin: at its batch time, or before if it did not wait for the clock. */
  readonly submissionTime: number
  readonly processingStartTime?: number
  readonly processingEndTime?: number
  /** The time between submission and start. */
  readonly schedulingDelay?: number
  readonly processingDelay?: number
  readonly totalDelay?: number
  readonly numRecords: number
  readonly outputOperationInfos: ReadonlyMap<number, OutputOperationInfo>
  /** Why the attempt failed. Left out: it has not. */
  readonly failureReason?: string
}

/**
 * A receiver of a source, which runs in this process. `lastErrorTime` is in epoch milliseconds, and
 * -1 if there was no error.
 *
 * @example const show = ({ name, active }: ReceiverInfo) => `${name}: ${active ? 'on' : 'off'}`
 */
export interface ReceiverInfo {
  /** The place of its source in the pipeline, from 0. */
  readonly streamId: number
  /** The id of its source. */
  readonly name: string
  readonly active: boolean
  readonly location: string
  readonly executorId: string
  readonly lastErrorMessage: string
  readonly lastError: string
  readonly lastErrorTime: number
}

/**
 * Is told what a process does, in order: give what you need of these methods. They belong to the
 * process in which batches run: `millrace run`, or the driver function. A method may be async, and
 * a batch does not wait for it. If it throws or rejects, the event `LISTENER_FAILED` says so, and
 * everything goes on.
 *
 * @example
 * ```ts
 * const slow: StreamingListener = {
 *   onBatchCompleted({ batchInfo: { batchTime, totalDelay = 0 } }) {
 *     if (totalDelay > 60_000) console.warn(`${batchTime} took ${totalDelay} ms`)
 *   },
 * }
 * ssc.addStreamingListener(slow)
 * ```
 */
export interface StreamingListener {
  /** The first batches may run. `time`: epoch milliseconds. */
  onStreamingStarted?(started: {
    readonly time: number
    readonly name: string
    readonly batchInterval: Duration
  }): void | Promise<void>
  onReceiverStarted?(started: { readonly receiverInfo: ReceiverInfo }): void | Promise<void>
  /** A receiver has reported an error, or has failed and is started again. */
  onReceiverError?(error: { readonly receiverInfo: ReceiverInfo }): void | Promise<void>
  onReceiverStopped?(stopped: { readonly receiverInfo: ReceiverInfo }): void | Promise<void>
  /** The input of the batch is fixed and stored. */
  onBatchSubmitted?(submitted: { readonly batchInfo: BatchInfo }): void | Promise<void>
  onBatchStarted?(started: { readonly batchInfo: BatchInfo }): void | Promise<void>
  /** The batch is committed, or the attempt has failed: see `failureReason`. */
  onBatchCompleted?(completed: { readonly batchInfo: BatchInfo }): void | Promise<void>
  onOutputOperationStarted?(started: {
    readonly outputOperationInfo: OutputOperationInfo
  }): void | Promise<void>
  onOutputOperationCompleted?(completed: {
    readonly outputOperationInfo: OutputOperationInfo
  }): void | Promise<void>
}
