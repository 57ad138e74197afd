/** The names of all items: one table holds many applications, each under its own name. */
import type { ItemKey } from '../ports/item-store.ts'

/** Lanes are spread over this many partitions of the table. One carries 64 lanes with ease. */
const LANE_BUCKETS = 1
/**
 * Chunks of a segment are spread over so many partitions of the table, so that a large one does not
 * heat up a single partition.
 */
const CHUNK_BUCKETS = 8
const TIME_DIGITS = 15
const DAY_MS = 86_400_000

/** A time as part of a sort key: in the order of time. */
export const sortableTime = (timeMs: number): string => String(timeMs).padStart(TIME_DIGITS, '0')

const day = (timeMs: number): string =>
  new Date(Math.floor(timeMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10)

/**
 * Says whose a store is, where a store holds one application only. No application has a name that
 * begins like this.
 */
export const storeOwnerKey = (): ItemKey => ({ partition: '#store', sort: 'app' })

/** The one moving item of an application. */
export const headKey = (app: string): ItemKey => ({ partition: `${app}#head`, sort: '-' })

/** The partitions that hold an application's lanes. */
export const lanePartitions = (app: string): readonly string[] =>
  Array.from({ length: LANE_BUCKETS }, (_, bucket) => `${app}#in#${bucket}`)

export const laneKey = (app: string, source: string, lane: string): ItemKey => ({
  partition: `${app}#in#0`,
  sort: `${source}#${lane}`,
})

/** Where the first chunks of the segments of one node and part lie. */
export const firstChunkPartition = (app: string, node: string, part: number): string =>
  `${app}#seg#${node}#${part}#0`

export const segmentChunkKey = (
  app: string,
  name: { readonly node: string; readonly part: number; readonly at: string; readonly by: string },
  chunk: number,
): ItemKey => ({
  partition: `${app}#seg#${name.node}#${name.part}#${chunk % CHUNK_BUCKETS}`,
  sort: `${name.at}#${name.by}#${chunk}`,
})

/** The ledger entry of one object that a source has taken. */
export const ledgerKey = (app: string, source: string, object: string): ItemKey => ({
  partition: `${app}#obj#${source}`,
  sort: object,
})

/** The dead letters of a day, and which of them are true. */
export const deadLetterPartition = (app: string, timeMs: number): string =>
  `${app}#dlq#${day(timeMs)}`

/**
 * What the sort keys of verdicts begin with, in the partition of dead letters: no source has a name
 * that begins so.
 */
export const COMMITTED_EPOCH_PREFIX = '@'

/** Says which attempt's dead letters of a batch are true. */
export const committedEpochKey = (app: string, timeMs: number): ItemKey => ({
  partition: deadLetterPartition(app, timeMs),
  sort: COMMITTED_EPOCH_PREFIX + sortableTime(timeMs),
})

/**
 * What the sort keys of marks begin with, in the partition of dead letters: they sort before all
 * letters.
 */
export const RESERVATION_PREFIX = '!'

/** Says which place in a lane a record that was put aside has got. */
export const reservationKey = (partition: string, record: string): ItemKey => ({
  partition,
  sort: RESERVATION_PREFIX + record,
})

/** Moments on each of the days from one moment to another, both included, the last one first. */
export const daysBack = (fromMs: number, toMs: number): readonly number[] => {
  const first = Math.floor(fromMs / DAY_MS)
  const last = Math.floor(toMs / DAY_MS)
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => (last - index) * DAY_MS,
  )
}

export const historyKey = (app: string, timeMs: number): ItemKey => ({
  partition: `${app}#hist#${day(timeMs)}`,
  sort: sortableTime(timeMs),
})
