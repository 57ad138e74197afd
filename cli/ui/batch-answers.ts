/** Records of the history as the page shows them. */
import type { AttemptAnswer, BatchRow } from '../../page/answers.ts'
import {
  type BatchRecord,
  type SourceTaken,
  timingsOf,
} from '../../lib/state/history/batch-record.ts'
import { withShownPaths } from '../../lib/tools/shown-paths.ts'
import { firstLine } from '../reports/answer.ts'
import { reasonAnswer } from './status-answer.ts'

/** A record as a row of the table. */
export const rowOf = (record: BatchRecord): BatchRow => {
  const { schedulingDelayMs, totalDelayMs } = timingsOf(record)
  const { reason, generation, status } = record
  return {
    timeMs: record.timeMs,
    status,
    attempt: record.attempt,
    records: record.records,
    bytes: record.bytes,
    objects: record.objects,
    deadLetters: record.deadLetters,
    processingMs: record.processingMs,
    ...(schedulingDelayMs === undefined ? {} : { schedulingDelayMs }),
    ...(totalDelayMs === undefined ? {} : { totalDelayMs }),
    ...(generation === undefined ? {} : { generation }),
    ...(reason === undefined || status === 'completed'
      ? {}
      : { error: withShownPaths(shortReason(reason.message)) }),
  }
}

/** What the code of the user has thrown, where that is the cause; otherwise the first line. */
const shortReason = (message: string): string =>
  /^ +because: (.+)$/m.exec(message)?.[1] ?? firstLine(message)

/** A record with all that is known of it. */
export const attemptAnswer = (record: BatchRecord): AttemptAnswer => {
  const { reason, cut, startedMs, processingMs, ...rest } = record
  return {
    ...rest,
    ...rowOf(record),
    ...(startedMs === undefined ? {} : { startedMs, endedMs: startedMs + processingMs }),
    ...(reason === undefined ? {} : { reason: reasonAnswer(reason) }),
    ...(cut === undefined ? {} : { cut: { ...cut } }),
  }
}

/**
 * The records that a batch took from each source. How many a file holds is known only for all files
 * together. So several sources of files count as one.
 */
export const recordsBySource = ({
  sources = [],
  records,
}: BatchRecord): Readonly<Record<string, number>> => {
  const isFiles = ({ records: own, objects }: SourceTaken): boolean => own === 0 && objects > 0
  const counted = sources.filter((source) => !isFiles(source))
  const files = sources.filter(isFiles).map(({ id }) => id)
  const rest = counted.reduce((left, { records: own }) => left - own, records)
  return Object.fromEntries<number>([
    ...counted.map(({ id, records: own }) => [id, own] as const),
    ...(files.length === 0 ? [] : [[files.join(' + '), Math.max(0, rest)] as const]),
  ])
}
