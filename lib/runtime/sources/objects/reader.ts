/**
 * Reads records from objects of a bucket. Their notifications are appended to a lane as often as
 * they come: late, twice and out of order. The allocation of a batch decides what it takes:
 *
 *   notifications after the offsets + pending objects + a page of the listing
 *     -> exists now -> not in the ledger -> modified at or before t -> within the limits
 *
 * The other objects are pending: the offsets keep them for the next batch. The ledger is written
 * between log and commit, by upload. The batch reads the uploads that its input names.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import type { Partition } from '../../../rdd/partition.ts'
import { readBlock } from '../../../state/blocks.ts'
import {
  BEGINNING,
  type BlockRef,
  entriesAfter,
  kindLane,
  type LaneEntry,
  readLane,
} from '../../../state/lanes.ts'
import type { LaneOffsets, ListingOffsets, PendingObject } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { describeFiles, readFile, type SkippedFile, withinLimits } from '../file-elements.ts'
import type { InputKind, SourcePlace } from '../source-kind.ts'
import {
  earliestOf,
  type InputData,
  type PutAside,
  type SourceInput,
  type SourceReader,
} from '../source-reader.ts'
import { Listing } from './listing.ts'
import {
  CALLS_AT_ONCE,
  type DueObject,
  type ObjectsReaderParts,
  openUploads,
  recordUploads,
} from './uploads.ts'

/** The lane of notifications. Each source has one. It contains no records. */
export const NOTIFICATION_LANE: string = kindLane('notifications')

/** What a batch takes from a bucket. */
export interface ObjectsInput extends SourceInput<'lanes' | 'listing'> {
  readonly kind: 'objects'
  /** In the order of (due, key). */
  readonly taken: readonly DueObject[]
  readonly skipped: readonly SkippedFile[]
  /** The blocks of notifications that were read. */
  readonly read: readonly BlockRef[]
}

/**
 * The largest number of notifications that one allocation reads, for each object that the limits
 * allow. Most notifications are repeated.
 */
const NOTIFICATIONS_PER_OBJECT = 4

/**
 * With this many pending objects, listing pauses, because the offsets contain all pending objects.
 */
const PENDING_MAX = 100

const NOTHING: ListingOffsets = { pending: [] }

const hasRoom = ({ pending }: ListingOffsets): boolean => pending.length < PENDING_MAX

/** The reader of a source that watches a bucket. */
export const objectsReader = (parts: ObjectsReaderParts): SourceReader<ObjectsInput> => {
  const { source, onOverwrite, report } = parts
  const notifications = new NotificationReader(parts)
  const listed = new Listing({ prefix: '', ...parts })

  return {
    kind: 'objects',
    parts: ['lanes', 'listing'],
    isPolled: true,
    async allocate({ timeMs, offsets, limits, startedMs }): Promise<ObjectsInput> {
      const { listing: before = NOTHING, lanes = {} } = offsets
      const most = limits.objects * NOTIFICATIONS_PER_OBJECT - before.pending.length
      const found = await notifications.after(lanes, most)
      const page = hasRoom(before)
        ? await listed.page(before.progress, timeMs)
        : { found: [], progress: before.progress }
      const { open, missing } = await openUploads(
        parts,
        [...before.pending, ...found.notified, ...page.found],
        startedMs,
      )
      for (const key of missing)
        report({ event: 'objectSkipped', source, object: key, reason: 'it no longer exists' })
      const due = open.filter(({ dueMs }) => dueMs <= timeMs)
      const taken = withinLimits(due, limits)
      const pending = open.filter((object) => !taken.includes(object)).map(pendingOf)
      const { progress } = page
      return {
        kind: 'objects',
        taken,
        skipped: missing.map((key) => ({ key, reason: 'missing' as const })),
        read: found.blocks,
        records: 0,
        bytes: taken.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
        objects: taken.length,
        offsets: {
          lanes: found.lanes,
          listing: { pending, ...(progress === undefined ? {} : { progress }) },
        },
      }
    },
    read: (input, putAside) => readUploads(parts, input, putAside),
    readAgain: ({ version = '', isVersioned = false, ...file }, putAside) =>
      readFile({ ...file, version, isVersioned }, (one) => parts.objects.read(one), {
        ...parts,
        putAside,
      }),
    async recordTaken({ taken }, timeMs): Promise<void> {
      await recordUploads(parts, taken, { timeMs, byKey: onOverwrite === 'ignore' })
    },
    async waiting({ offsets: { listing = NOTHING, lanes = {} } }): Promise<number | undefined> {
      if (await notifications.isAnyAfter(lanes)) return -Infinity
      return earliestOf([
        ...listing.pending.map(({ eventMs }) => eventMs),
        hasRoom(listing) ? listed.dueMs(listing.progress) : undefined,
      ])
    },
    async takenInMs({ listing = NOTHING, lanes = {} }): Promise<number | undefined> {
      // For the lag, an old object counts from the time when its listing started.
      const begunMs = listing.progress?.begunMs ?? -Infinity
      return earliestOf([
        ...(await notifications.takenInMs(lanes)),
        ...listing.pending.map(({ eventMs }) => Math.max(eventMs, begunMs)),
      ])
    },
    blocks: ({ read }): readonly SegmentRef[] => read,
  }
}

const pendingOf = ({ key, version, isVersioned, dueMs }: DueObject): PendingObject => ({
  key,
  eventMs: dueMs,
  ...(isVersioned ? { version } : {}),
})

/** Reads the uploads of an input, in order. Leaves out uploads that are gone. */
const readUploads = async (
  { objects, source, report, ...reading }: ObjectsReaderParts,
  input: ObjectsInput,
  putAside: PutAside,
): Promise<InputData<ObjectsInput>> => {
  const partitions: Partition<unknown>[] = []
  const taken: DueObject[] = []
  const skipped = [...input.skipped]
  for (const object of input.taken) {
    const file = await readFile(object, (one) => objects.read(one), {
      ...reading,
      source,
      putAside,
    })
    if (file.found) {
      taken.push(object)
      partitions.push(file.partition)
    } else {
      skipped.push({ key: object.key, reason: file.gone })
      const reason = `it is ${file.gone} since its batch was allocated`
      report({ event: 'objectSkipped', source, object: object.key, reason })
    }
  }
  const records = partitions.reduce((total, partition) => total + partition.records.length, 0)
  return { partitions, input: { ...input, taken, skipped, objects: taken.length }, records }
}

/** Notifications after the offsets, and the offsets after them. */
interface FoundNotifications {
  readonly notified: readonly PendingObject[]
  readonly blocks: readonly BlockRef[]
  readonly lanes: LaneOffsets
}

/** Reads the lane of notifications. */
class NotificationReader {
  readonly #place: SourcePlace

  constructor(place: SourcePlace) {
    this.#place = place
  }

  async isAnyAfter(lanes: LaneOffsets): Promise<boolean> {
    return (await this.#waiting(lanes)).some(({ blocks }) => blocks.length > 0)
  }

  /** Reads whole blocks, up to a number of notifications. */
  async after(lanes: LaneOffsets, notificationsMax: number): Promise<FoundNotifications> {
    const blocks: BlockRef[] = []
    let count = 0
    for (const block of (await this.#waiting(lanes)).flatMap((entry) => entry.blocks)) {
      count += block.count
      if (blocks.length > 0 && count > notificationsMax) break
      blocks.push(block)
    }
    const { store, app } = this.#place
    const read = await mapAtOnce(
      blocks,
      CALLS_AT_ONCE,
      async (ref) => (await readBlock(store, app, ref)).records as readonly PendingObject[],
    )
    const last = blocks.at(-1)
    return {
      notified: read.flat(),
      blocks,
      lanes: last === undefined ? lanes : { ...lanes, [NOTIFICATION_LANE]: last.at },
    }
  }

  /** When intake accepted the notifications after the offsets. */
  async takenInMs(lanes: LaneOffsets): Promise<readonly number[]> {
    return (await this.#waiting(lanes)).map(({ receivedMs }) => receivedMs)
  }

  async #waiting(lanes: LaneOffsets): Promise<readonly LaneEntry[]> {
    const { store, app, source } = this.#place
    const lane = await readLane(store, app, source, NOTIFICATION_LANE)
    return lane === undefined ? [] : entriesAfter(lane, lanes[NOTIFICATION_LANE] ?? BEGINNING)
  }
}

/** Inputs from buckets. */
export const objectsInput: InputKind<ObjectsInput> = Object.freeze({
  name: 'objects',
  skip: async (place: SourcePlace, { taken }: ObjectsInput, timeMs: number) =>
    recordUploads(place, taken, { timeMs, byKey: true }),
  describe: (source: string, { taken }: ObjectsInput) => describeFiles(source, taken),
})
