/**
 * A listener that keeps what a status page shows: the batches that wait, run and are done, totals,
 * and series of rates and delays. Its memory is bounded, however long it listens.
 */
import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import { batchRow, type BatchRow } from './batch-rows.ts'
import type {
  BatchInfo,
  OutputOperationInfo,
  ReceiverInfo,
  StreamingListener,
} from './streaming-listener.ts'

const RETAINED = 1_000
/** Outputs of so many batches that nobody knows (yet) are kept. */
const STRAY_MAX = 10
const BINS = 10

/**
 * A point of a series: a batch time in epoch milliseconds, and a value.
 *
 * @example const shown = ({ timeMs, value }: SeriesPoint) => `${timeMs}: ${value}`
 */
export interface SeriesPoint {
  readonly timeMs: number
  readonly value: number
}

/**
 * A listener that keeps the last batches and their totals, as Spark's streaming page does. Received
 * records count when a batch starts, and processed ones when it completes.
 *
 * @example
 * ```ts
 * const progress = new StreamingProgress()
 * ssc.addStreamingListener(progress)
 * console.log(progress.totalCompletedBatches, progress.series('totalDelay'))
 * ```
 */
export class StreamingProgress implements StreamingListener {
  readonly #retained: number
  readonly #waiting = new Map<number, BatchInfo>()
  readonly #running = new Map<number, BatchInfo>()
  readonly #completed: BatchInfo[] = []
  readonly #outputs = new Map<number, Map<number, OutputOperationInfo>>()
  readonly #receivers = new Map<number, ReceiverInfo>()
  /** When the process started. Epoch milliseconds; undefined: it has not. */
  startTime: number | undefined
  batchInterval: Duration | undefined
  totalCompletedBatches = 0
  /** Attempts at batches that have failed. */
  failedAttempts = 0
  processedRecords = 0
  receivedRecords = 0

  /** `retained`: how many completed batches are kept. Default: 1,000, as in Spark. */
  constructor({ retained = RETAINED }: { readonly retained?: number } = {}) {
    if (!Number.isSafeInteger(retained) || retained < 1)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'retained is not a count of batches',
        value: retained,
        allowed: 'a whole number, 1 or more',
      })
    this.#retained = retained
  }

  /** Batches that are fixed and have not begun. */
  get waitingBatches(): readonly BatchInfo[] {
    return [...this.#waiting.values()]
  }

  /** Batches that run. */
  get runningBatches(): readonly BatchInfo[] {
    return [...this.#running.values()]
  }

  /** How many batches wait or run. */
  get unprocessedBatches(): number {
    return this.#waiting.size + this.#running.size
  }

  /** The last completed batches, the newest first. */
  get completedBatches(): readonly BatchInfo[] {
    return this.#completed.toReversed()
  }

  /** The receivers of this process, in the order of their sources. */
  get receivers(): readonly ReceiverInfo[] {
    return [...this.#receivers.values()].toSorted((a, b) => a.streamId - b.streamId)
  }

  /** The outputs of a batch so far, by their ids. `timeMs`: the batch time. */
  outputsOf(timeMs: number): ReadonlyMap<number, OutputOperationInfo> {
    return new Map(this.#outputs.get(timeMs))
  }

  onStreamingStarted({
    time,
    batchInterval,
  }: {
    readonly time: number
    readonly batchInterval?: Duration
  }): void {
    this.startTime = time
    this.batchInterval = batchInterval
  }

  onReceiverStarted({ receiverInfo }: { readonly receiverInfo: ReceiverInfo }): void {
    this.#receivers.set(receiverInfo.streamId, receiverInfo)
  }

  onReceiverError({ receiverInfo }: { readonly receiverInfo: ReceiverInfo }): void {
    this.#receivers.set(receiverInfo.streamId, receiverInfo)
  }

  onReceiverStopped({ receiverInfo }: { readonly receiverInfo: ReceiverInfo }): void {
    this.#receivers.set(receiverInfo.streamId, receiverInfo)
  }

  onBatchSubmitted({ batchInfo }: { readonly batchInfo: BatchInfo }): void {
    this.#waiting.set(batchInfo.batchTime.milliseconds, batchInfo)
  }

  onBatchStarted({ batchInfo }: { readonly batchInfo: BatchInfo }): void {
    const { milliseconds: timeMs } = batchInfo.batchTime
    this.#waiting.delete(timeMs)
    this.#running.set(timeMs, batchInfo)
    // An attempt that is made again has received nothing more.
    if (batchInfo.attempt === 1) this.receivedRecords += batchInfo.numRecords
  }

  onBatchCompleted({ batchInfo }: { readonly batchInfo: BatchInfo }): void {
    const { milliseconds: timeMs } = batchInfo.batchTime
    this.#waiting.delete(timeMs)
    this.#running.delete(timeMs)
    if (batchInfo.failureReason !== undefined) this.failedAttempts += 1
    else {
      this.totalCompletedBatches += 1
      this.processedRecords += batchInfo.numRecords
    }
    this.#completed.push(batchInfo)
    if (this.#completed.length > this.#retained) this.#completed.shift()
    this.#forgetOutputs()
  }

  onOutputOperationStarted({
    outputOperationInfo,
  }: {
    readonly outputOperationInfo: OutputOperationInfo
  }): void {
    this.#noteOutput(outputOperationInfo)
  }

  onOutputOperationCompleted({
    outputOperationInfo,
  }: {
    readonly outputOperationInfo: OutputOperationInfo
  }): void {
    this.#noteOutput(outputOperationInfo)
  }

  /**
   * The table of batches, with the texts of Spark's page: those that run and wait, then the
   * completed ones, the newest first each. `timeZone`: as `Europe/Paris`; default UTC.
   */
  rows({ timeZone = 'UTC' }: { readonly timeZone?: string } = {}): readonly BatchRow[] {
    const format = { intervalMs: this.batchInterval?.milliseconds ?? 0, timeZone }
    const active = [
      ...this.runningBatches.map((batch) => batchRow(batch, 'processing', format)),
      ...this.waitingBatches.map((batch) => batchRow(batch, 'queued', format)),
    ]
    const completed = this.completedBatches.map((batch) =>
      batchRow(batch, batch.failureReason === undefined ? 'completed' : 'failed', format),
    )
    return [...active.toReversed(), ...completed]
  }

  /** A value of each of the last completed batches, the oldest first, without unknown ones. */
  series(
    of: 'numRecords' | 'schedulingDelay' | 'processingDelay' | 'totalDelay' | 'inputRate',
  ): readonly SeriesPoint[] {
    return this.#completed.flatMap((batch) => {
      const value = of === 'inputRate' ? this.#rateOf(batch) : batch[of]
      return value === undefined ? [] : [{ timeMs: batch.batchTime.milliseconds, value }]
    })
  }

  /** How the values of a series are spread, in ten bins of equal width. Empty: there are none. */
  histogram(of: Parameters<StreamingProgress['series']>[0]): readonly SeriesBin[] {
    return histogramOf(this.series(of).map(({ value }) => value))
  }

  /** Records a second. */
  #rateOf({ numRecords }: BatchInfo): number | undefined {
    const { batchInterval } = this
    return batchInterval && (numRecords * 1_000) / batchInterval.milliseconds
  }

  #noteOutput(info: OutputOperationInfo): void {
    const { milliseconds: timeMs } = info.batchTime
    const outputs = this.#outputs.get(timeMs) ?? new Map<number, OutputOperationInfo>()
    this.#outputs.set(timeMs, outputs.set(info.id, info))
    this.#forgetOutputs()
  }

  /** An output may be told before its batch, or long after it is gone. */
  #forgetOutputs(): void {
    const known = this.#waiting.size + this.#running.size + this.#completed.length
    for (const timeMs of this.#outputs.keys()) {
      if (this.#outputs.size <= known + STRAY_MAX) return
      this.#outputs.delete(timeMs)
    }
  }
}

/**
 * A bin of a histogram, from `from` up to `to`. The last one includes `to`.
 *
 * @example const shown = ({ from, to, count }: SeriesBin) => `${from} to ${to}: ${count}`
 */
export interface SeriesBin {
  readonly from: number
  readonly to: number
  readonly count: number
}

const histogramOf = (values: readonly number[], bins: number = BINS): readonly SeriesBin[] => {
  if (values.length === 0) return []
  let least = Infinity
  let greatest = -Infinity
  for (const value of values) {
    least = Math.min(least, value)
    greatest = Math.max(greatest, value)
  }
  const width = (greatest - least) / bins
  if (width === 0) return [{ from: least, to: greatest, count: values.length }]
  const counts = Array.from({ length: bins }, () => 0)
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor((value - least) / width))
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  return counts.map((count, bin) => ({
    from: least + bin * width,
    to: bin === bins - 1 ? greatest : least + (bin + 1) * width,
    count,
  }))
}
