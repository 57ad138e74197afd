/** The status of an application, read from its store. Does not disturb running processes. */
import { mapAtOnce } from '../../base/concurrency.ts'
import { greatestOf } from '../../base/extremes.ts'
import { isMillraceError } from '../../base/errors.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { valueOfStored } from '../../rdd/adds/accumulator-set.ts'
import { segmentOfVersion } from '../../state/broadcasts.ts'
import { type DriverNote, readDriverNote } from '../../state/driver-note.ts'
import { type Head, HeadStore, lastTimeMs } from '../../state/head.ts'
import type { BatchCounts, BatchRecord } from '../../state/history/batch-record.ts'
import { newestBatches } from '../../state/history/read-history.ts'
import { readLaneOffsets } from '../../state/lane-offsets.ts'
import type { Backfill } from '../../state/offsets.ts'
import { BEGINNING } from '../../state/lane-entries.ts'
import { waitingIn } from '../../state/lane-reader.ts'
import { sourcesWithLanes } from '../../state/lane-partitions.ts'
import { readLanes } from '../../state/lanes.ts'
import { type Manifest, readManifest } from '../../state/manifest.ts'
import { expiryOf } from '../../state/operator/timer.ts'
import { type DeadLettersOverview, countDeadLetters } from './dead-letters-overview.ts'

/** A lane, and how much of it no batch has taken yet. */
export interface LaneOverview {
  readonly source: string
  readonly lane: string
  readonly tail: string
  readonly waitingEntries: number
  readonly waitingRecords: number
  /** When intake took the oldest entry that waits. Left out: none waits. */
  readonly oldestMs?: number
}

/** How far a source of files has come. */
export interface FilesOverview {
  readonly source: string
  /** In a directory: how many files were ever taken. */
  readonly taken?: number
  /** In a bucket, with `existing: 'all'`: how far the listing of what was there before has come. */
  readonly backfill?: Backfill
  /** The last key that was listed. Left out: no listing is under way. */
  readonly after?: string
  /** In a bucket: how many objects are found and wait for a batch. */
  readonly pending?: number
}

/** The size of the state of one operator in the store. */
export interface StateOverview {
  readonly id: string
  readonly kind: string
  /** `keys`: a state for each key, which can be looked up. `window`: batches. */
  readonly holds: 'keys' | 'window'
  readonly segments: number
  readonly bytes: number
  /** How many partitions it has, and the bytes of the largest one. */
  readonly partitions: number
  readonly largestBytes: number
  /** A key ends that had no record for longer than this. Left out: keys do not end. */
  readonly idleMs?: number
  /** How many keys have ended so. Left out: none. */
  readonly expired?: number
  /** How far its event time has come, epoch milliseconds. Left out: it has none. */
  readonly watermarkMs?: number
  /** How many records were late. Left out: none. */
  readonly late?: number
}

/** The value of an accumulator after the last batch. */
export interface AccumulatorOverview {
  readonly name: string
  readonly kind: string
  readonly value: unknown
}

/** The version of a broadcast value that the last batch has used. */
export interface BroadcastOverview {
  readonly name: string
  readonly bytes: number
  /** The batch time at which it was loaded, and at which it was last found to be the newest. */
  readonly loadedMs: number
  readonly checkedMs: number
  readonly version?: string
}

/** A batch in the history. */
export interface BatchOverview extends BatchCounts {
  /** What the batch contained, in words, if it was skipped. */
  readonly skipped?: string
}

/** What an application is at now, without its history. */
export interface Present {
  /** Undefined: nothing has run yet. */
  readonly head: Head | undefined
  /** What keeps the driver from running. Left out: nothing that is known. */
  readonly driverNote?: DriverNote
  readonly lanes: readonly LaneOverview[]
  readonly states: readonly StateOverview[]
  readonly accumulators: readonly AccumulatorOverview[]
  readonly broadcasts: readonly BroadcastOverview[]
  readonly files: readonly FilesOverview[]
}

/** All that `millrace status` shows. */
export interface Overview extends Present {
  readonly app: string
  /** The last batches, the newest first. */
  readonly batches: readonly BatchOverview[]
  readonly deadLetters: DeadLettersOverview
}

const READS_MAX = 3
const BATCHES_SHOWN = 5
const LANES_AT_ONCE = 16
const DAY_MS = 86_400_000
const DEAD_LETTER_DAYS = 30

/** Reads the overview of an application. */
export const readOverview = async (
  store: ItemStore,
  app: string,
  nowMs: number,
): Promise<Overview> => {
  const present = await readPresent(store, app)
  return {
    app,
    ...present,
    batches: await lastBatches(store, app, present.head, nowMs),
    deadLetters: await lastDeadLetters(store, app, present.head, nowMs),
  }
}

/**
 * Reads what an application is at. B11: while it is read, batches may use up what the head names.
 * Then it is read again from the newer head.
 */
export const readPresent = async (store: ItemStore, app: string): Promise<Present> => {
  for (let triesLeft = READS_MAX - 1; ; triesLeft--) {
    try {
      return await readOnce(store, app)
    } catch (error) {
      const isOld = isMillraceError(error) && error.code === 'SEGMENT_MISSING'
      if (!isOld || triesLeft === 0) throw error
    }
  }
}

const readOnce = async (store: ItemStore, app: string): Promise<Present> => {
  const head = await new HeadStore(store, app).read()
  const driverNote = await readDriverNote(store, app)
  return {
    head,
    ...(driverNote === undefined ? {} : { driverNote }),
    lanes: await laneOverviews(store, app, head),
    ...(await manifestOverviews(store, app, head)),
  }
}

/** The dead letters of the last month, if the application is not younger. */
export const lastDeadLetters = async (
  store: ItemStore,
  app: string,
  head: Head | undefined,
  nowMs: number,
): Promise<DeadLettersOverview> => {
  const sinceMs = Math.max(head?.startedMs ?? nowMs, nowMs - DEAD_LETTER_DAYS * DAY_MS)
  // Batch times can be ahead of the clock.
  return countDeadLetters(store, app, sinceMs, lastTimeMs(head, nowMs))
}

const laneOverviews = async (
  store: ItemStore,
  app: string,
  head: Head | undefined,
): Promise<readonly LaneOverview[]> => {
  const sources = await sourcesWithLanes(store, app)
  const offsets = head === undefined ? {} : await readLaneOffsets(store, app, head)
  const lanes = await Promise.all(sources.map((source) => readLanes(store, app, source)))
  // Nobody needs to see a lane that is about to leave.
  const shown = lanes.flat().filter(({ emptiedMs }) => emptiedMs === undefined)
  return mapAtOnce(shown, LANES_AT_ONCE, async (lane) => {
    const offset = offsets[lane.source]?.[lane.lane] ?? BEGINNING
    const { entries, count, first } = await waitingIn({ store, app }, lane, offset)
    return {
      source: lane.source,
      lane: lane.lane,
      tail: lane.tail,
      waitingEntries: entries,
      waitingRecords: count,
      ...(first === undefined ? {} : { oldestMs: first.receivedMs }),
    }
  })
}

const manifestOverviews = async (
  store: ItemStore,
  app: string,
  head: Head | undefined,
): Promise<Pick<Present, 'states' | 'accumulators' | 'broadcasts' | 'files'>> => {
  if (head?.manifest === undefined)
    return { states: [], accumulators: [], broadcasts: [], files: [] }
  const manifest = { ...(await readManifest(store, app, head.manifest)), ...head.afterCommit }
  return {
    states: stateOverviews(manifest),
    accumulators: accumulatorOverviews(manifest),
    broadcasts: broadcastOverviews(manifest),
    files: filesOverviews(manifest),
  }
}

const filesOverviews = ({ offsets }: Manifest): readonly FilesOverview[] =>
  Object.entries(offsets).flatMap(([source, { files, listing }]): readonly FilesOverview[] => {
    if (listing === undefined) return files === undefined ? [] : [{ source, taken: files.taken }]
    const { backfill, after } = listing.progress ?? {}
    const rest = after === undefined ? {} : { after }
    const known = backfill === undefined ? {} : { backfill }
    return [{ source, ...known, ...rest, pending: listing.pending.length }]
  })

const accumulatorOverviews = ({ accumulators = {} }: Manifest): readonly AccumulatorOverview[] =>
  Object.entries(accumulators).map(([name, stored]) => ({
    name,
    kind: stored.kind,
    value: valueOfStored(stored),
  }))

const broadcastOverviews = ({ broadcasts = {} }: Manifest): readonly BroadcastOverview[] =>
  Object.entries(broadcasts).map(([name, one]) => {
    const { ref: _, ...rest } = one
    return { name, bytes: segmentOfVersion(one).bytes, ...rest }
  })

const stateOverviews = ({ states, timers }: Manifest): readonly StateOverview[] =>
  Object.entries(states).map(([id, { kind, form, partitions }]) => {
    const sum = (field: 'count' | 'bytes'): number =>
      partitions.reduce((total, partition) => total + partition[field], 0)
    const holds = form === 'state' ? 'keys' : 'window'
    return {
      id,
      kind,
      holds,
      segments: sum('count'),
      bytes: sum('bytes'),
      partitions: partitions.length,
      largestBytes: greatestOf([0, ...partitions.map(({ bytes }) => bytes)]),
      ...expiryOf(timers[id]),
    }
  })

/** Attempts that failed are no batches: the head says what fails. */
const lastBatches = async (
  store: ItemStore,
  app: string,
  head: Head | undefined,
  nowMs: number,
): Promise<readonly BatchOverview[]> => {
  if (head === undefined) return []
  // One more: the newest may be an attempt.
  const found = await newestBatches(store, app, {
    fromMs: head.doneMs - 7 * DAY_MS,
    toMs: lastTimeMs(head, nowMs),
    limit: BATCHES_SHOWN + 1,
  })
  const batches = found.filter(({ status }) => status !== 'failed')
  return batches.slice(0, BATCHES_SHOWN).map(batchOf)
}

const batchOf = (record: BatchRecord): BatchOverview => {
  const { timeMs, attempt, records, bytes, objects, deadLetters } = record
  const { expired, lost, processingMs, status, held = '' } = record
  return {
    timeMs,
    attempt,
    records,
    bytes,
    objects,
    deadLetters,
    expired,
    lost,
    processingMs,
    ...(status === 'skipped' ? { skipped: held } : {}),
  }
}
