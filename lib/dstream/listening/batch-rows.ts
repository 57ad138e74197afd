/** The rows of a table of batches, with the texts of Spark's streaming page. */
import { batchTimeText, durationText } from './time-text.ts'
import type { BatchInfo } from './streaming-listener.ts'

/**
 * A row of a table of batches, as texts. A delay that is not known is `-`.
 *
 * @example const shown = ({ batchTime, status }: BatchRow) => `${batchTime} ${status}`
 */
export interface BatchRow {
  /** `2026/11/22 10:00:00`. With milliseconds where batches come more than once a second. */
  readonly batchTime: string
  /** `1,234 records`. */
  readonly records: string
  readonly schedulingDelay: string
  readonly processingTime: string
  readonly totalDelay: string
  /** Succeeded and all: `2/2`. */
  readonly outputOps: string
  readonly status: 'queued' | 'processing' | 'completed' | 'failed'
  /** The first line of the reason of a failure. Empty: it has not failed. */
  readonly error: string
}

/** How rows are written. */
export interface RowFormat {
  readonly intervalMs: number
  /** Default: UTC. */
  readonly timeZone?: string
}

const delayText = (ms: number | undefined): string => (ms === undefined ? '-' : durationText(ms))

/** The row of a batch. */
export const batchRow = (
  batch: BatchInfo,
  status: BatchRow['status'],
  format: RowFormat,
): BatchRow => {
  const infos = [...batch.outputOperationInfos.values()]
  const succeeded = infos.filter(
    ({ endTime, failureReason }) => endTime !== undefined && failureReason === undefined,
  )
  const failure =
    batch.failureReason ?? infos.find((info) => info.failureReason !== undefined)?.failureReason
  return {
    batchTime: batchTimeText(batch.batchTime.milliseconds, format),
    records: `${batch.numRecords.toLocaleString('en-US')} records`,
    schedulingDelay: delayText(batch.schedulingDelay),
    processingTime: delayText(batch.processingDelay),
    totalDelay: delayText(batch.totalDelay),
    outputOps: `${succeeded.length}/${infos.length}`,
    status,
    error: failure?.split('\n')[0] ?? '',
  }
}
