/**
 * The keys of all items. One table holds many applications; the keys of each begin with its name.
 */
import { hash } from 'node:crypto'
import type { ItemKey } from '../ports/item-store.ts'

/** Number of table partitions over which lanes are spread. */
const LANE_BUCKETS = 16
/** A partition takes 1,000 write units a second, and an append takes up to 4. */
const LANES_PER_BUCKET = 64
/** The number at the end of a name, as streams number their shards. */
const LANE_NUMBER = /(?:^|-)(?<number>\d{1,15})$/
/**
 * Number of table partitions over which the chunks of a segment are spread, so that a large segment
 * does not overload one partition.
 */
const CHUNK_BUCKETS = 8
const TIME_DIGITS = 15
const DAY_MS = 86_400_000

/** A time as part of a sort key. Sorts in the order of time. */
export const sortableTime = (timeMs: number): string => String(timeMs).padStart(TIME_DIGITS, '0')

const day = (timeMs: number): string =>
  new Date(Math.floor(timeMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10)

/**
 * Names the owner of a store that holds only one application. No application has a name that begins
 * like this.
 */
export const storeOwnerKey = (): ItemKey => ({ partition: '#store', sort: 'app' })

/** The head: the one item of an application that changes with every batch. */
export const headKey = (app: string): ItemKey => ({ partition: `${app}#head`, sort: '-' })

/** Counts the deployments of an application. Each one takes the next number as its generation. */
export const deploymentsKey = (app: string): ItemKey => ({
  partition: `${app}#deployments`,
  sort: '-',
})

/** The note of what keeps the driver from running. */
export const driverNoteKey = (app: string): ItemKey => ({
  partition: `${app}#note`,
  sort: 'driver',
})

/** Names the partitions that lanes of a source are in. */
export const usedLanePartitionsKey = (app: string, source: string): ItemKey => ({
  partition: `${app}#in`,
  sort: source,
})

/**
 * The number of the partition that a lane is in. Neighbours share one, and lanes without a number
 * are in the first: so the few lanes of most sources are read with one query.
 */
export const laneBucket = (lane: string): number => {
  const number = Number(LANE_NUMBER.exec(lane)?.groups?.['number'] ?? 0)
  return Math.floor(number / LANES_PER_BUCKET) % LANE_BUCKETS
}

/** A partition of lanes, by its number. */
export const lanePartition = (app: string, bucket: number): string => `${app}#in#${bucket}`

/** Whether a partition holds lanes. */
export const isLanePartition = (app: string, partition: string): boolean =>
  partition.startsWith(lanePartition(app, 0).slice(0, -1))

/** Whether an item is a lane, or names the partitions that lanes are in. */
export const isLaneItem = (app: string, { partition }: ItemKey): boolean =>
  partition === `${app}#in` || isLanePartition(app, partition)

export const laneKey = (app: string, source: string, lane: string): ItemKey => ({
  partition: lanePartition(app, laneBucket(lane)),
  sort: `${source}#${lane}`,
})

/** The partition of the first chunks of all segments of one node and part. */
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

/**
 * Longer names are replaced by their hash. A sort key of DynamoDB has at most 1,024 bytes with all
 * that stands before and behind the name, and as it is stored: some characters are escaped there.
 */
const NAME_BYTES_MAX = 400
const SHOWN_CHARACTERS = 40

/**
 * A name as part of a sort key: the name itself, or its beginning and its hash if it is long. Keys
 * of S3 have up to 1,024 bytes. Items have their names as attributes, so nothing reads the name
 * from its key.
 */
export const nameInKey = (name: string): string =>
  Buffer.byteLength(name) <= NAME_BYTES_MAX
    ? name
    : `${name.slice(0, SHOWN_CHARACTERS).toWellFormed()}#${hash('sha256', name)}`

/** The ledger entry of one object that a source has taken. */
export const ledgerKey = (app: string, source: string, object: string): ItemKey => ({
  partition: `${app}#obj#${source}`,
  sort: nameInKey(object),
})

/** The partition of the dead letters of a day, with their reservations and committed epochs. */
export const deadLetterPartition = (app: string, timeMs: number): string =>
  `${app}#dlq#${day(timeMs)}`

/**
 * Prefix of the sort keys of committed epochs, in the partition of dead letters. No source has a
 * name that begins with it.
 */
export const COMMITTED_EPOCH_PREFIX = '@'

/** Stores which attempt committed a batch: the dead letters of this attempt are true. */
export const committedEpochKey = (app: string, timeMs: number): ItemKey => ({
  partition: deadLetterPartition(app, timeMs),
  sort: COMMITTED_EPOCH_PREFIX + sortableTime(timeMs),
})

/**
 * Prefix of the sort keys of reservations, in the partition of dead letters. They sort before all
 * dead letters.
 */
export const RESERVATION_PREFIX = '!'

/** Stores the reservation of a dead letter: the place in a lane that its record gets at redrive. */
export const reservationKey = (partition: string, record: string): ItemKey => ({
  partition,
  sort: RESERVATION_PREFIX + nameInKey(record),
})

/**
 * Under which time intake stores the dead letters of a lane. A delivery that is refused comes
 * again, perhaps on another day, and its dead letters must not be stored twice.
 */
export const rejectedTimeKey = (app: string, source: string, lane: string): ItemKey => ({
  partition: `${app}#dlq#-`,
  sort: nameInKey(`${source}#${lane}`),
})

/** The start of the day of a time. */
export const startOfDay = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS

/** The start of each day from one time to another, both days included, the last day first. */
export const daysBack = (fromMs: number, toMs: number): readonly number[] => {
  const first = Math.floor(fromMs / DAY_MS)
  const last = Math.floor(toMs / DAY_MS)
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, index) => (last - index) * DAY_MS,
  )
}

/** The record of a batch. */
export const historyKey = (app: string, timeMs: number): ItemKey => ({
  partition: `${app}#hist#${day(timeMs)}`,
  sort: sortableTime(timeMs),
})

/** What a replay needs to know of a batch. */
export const replayKey = (app: string, timeMs: number): ItemKey => ({
  partition: `${app}#replay#${day(timeMs)}`,
  sort: sortableTime(timeMs),
})

const ATTEMPT_DIGITS = 6

/**
 * The record of an attempt that failed: behind that of its batch. As attempt 0: of a source that
 * was given up.
 */
export const attemptKey = (app: string, timeMs: number, attempt: number): ItemKey => ({
  partition: historyKey(app, timeMs).partition,
  sort: `${sortableTime(timeMs)}#${String(attempt).padStart(ATTEMPT_DIGITS, '0')}`,
})

/** A sort key behind the record of a batch and those of its attempts, and before all later ones. */
export const behindHistoryOf = (timeMs: number): string => `${sortableTime(timeMs)}$`
