/**
 * What a fetch has brought of a partition: batches of records, as the broker stores them. Control
 * batches say how transactions ended, and hold no records.
 */
import type { FetchedPartition, TopicRecord } from '../../../ports/topic-reader.ts'

/** A record in a batch. */
export interface BatchRecord {
  readonly offsetDelta: number
  readonly timestampDelta: bigint
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [Uint8Array | null, Uint8Array | null])[]
  readonly length: number
}

/** A batch of records: the fields that are read. */
export interface RecordBatch {
  readonly firstOffset: bigint
  readonly lastOffsetDelta: number
  readonly firstTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly attributes: number
  readonly producerId: bigint
  readonly records: readonly BatchRecord[]
}

/** Where transactions that were aborted begin. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** What a broker answers for a partition. */
export interface PartitionAnswer {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly records?: readonly RecordBatch[] | null
  readonly abortedTransactions: readonly AbortedTransaction[] | null
}

const IS_TRANSACTIONAL = 0b01_0000
const IS_CONTROL = 0b10_0000
const HAS_LOG_APPEND_TIME = 0b1000
const ABORT_MARKER = 0

const isAbortMarker = ({ attributes, records }: RecordBatch): boolean => {
  const key = records[0]?.key
  return (
    (attributes & IS_CONTROL) !== 0 &&
    key !== null &&
    key !== undefined &&
    ((key[2] ?? 0) << 8) + (key[3] ?? 0) === ABORT_MARKER
  )
}

/**
 * The batches without those of aborted transactions. A transaction is aborted from its first offset
 * to its marker, which may come in a later fetch: what comes before it is left out all the same.
 */
const withoutAborted = (
  batches: readonly RecordBatch[],
  aborted: readonly AbortedTransaction[],
): readonly RecordBatch[] => {
  const waiting = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const open = new Set<bigint>()
  return batches.filter((batch) => {
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta)
    while (waiting[0] !== undefined && waiting[0].firstOffset <= end)
      open.add((waiting.shift() as AbortedTransaction).producerId)
    if (isAbortMarker(batch)) open.delete(batch.producerId)
    return (batch.attributes & IS_TRANSACTIONAL) === 0 || !open.has(batch.producerId)
  })
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

const recordOf = (batch: RecordBatch, record: BatchRecord): TopicRecord => ({
  offset: Number(batch.firstOffset) + record.offsetDelta,
  timestampMs: Number(
    (batch.attributes & HAS_LOG_APPEND_TIME) === 0
      ? batch.firstTimestamp + record.timestampDelta
      : batch.maxTimestamp,
  ),
  key: record.key,
  value: record.value,
  headers: record.headers.map(([name, value]) => [utf8.decode(name ?? undefined), value] as const),
})

/** The records of a partition from an offset on. The first batch may begin before. */
export const fetchedOf = (
  { partitionIndex: partition, records, abortedTransactions }: PartitionAnswer,
  from: number,
): FetchedPartition => {
  const batches = records ?? []
  const last = batches.at(-1)
  const read = withoutAborted(batches, abortedTransactions ?? [])
    .filter(({ attributes }) => (attributes & IS_CONTROL) === 0)
    .flatMap((batch) =>
      batch.records.map((record) => ({
        record: recordOf(batch, record),
        batch,
        length: record.length,
      })),
    )
    .filter(({ record }) => record.offset >= from)
  return {
    partition,
    records: read.map(({ record }) => record),
    next:
      last === undefined
        ? from
        : Math.max(from, Number(last.firstOffset) + last.lastOffsetDelta + 1),
    bytes: read.reduce((total, { length }) => total + length, 0),
  }
}
