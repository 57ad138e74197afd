/**
 * Records from objects that event notifications hint at. A hint is appended to a lane as often as it comes, late, twice and out of order;
 * what is true is decided when a batch is allocated:
 *
 *   hints behind the cut + those put off + a page of what is listed -> what is there now (head) -> not in the ledger -> modified at or before t -> within the limits
 *
 * What is left over is put off: it stands in the cut, for the next batch. The ledger is written between log and commit, by upload, and
 * lasts, so neither a redelivery nor a sweep by listing brings an object in twice. The batch reads the uploads that its plan has pinned.
 */
import { inGroups } from '../../../base/all-or-first-error.ts'
import type { FileSelection } from '../../../dstream/source-declaration.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import type { ObjectStore, ObjectVersion } from '../../../ports/object-store.ts'
import type { Partition } from '../../../rdd/evaluate.ts'
import { readBlock } from '../../../state/blocks.ts'
import { ledgerKey } from '../../../state/item-keys.ts'
import {
  BEGINNING,
  type BlockRef,
  entriesAfter,
  type LaneEntry,
  readLane,
} from '../../../state/lanes.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import type { Listener } from '../../events.ts'
import type {
  SourceReader,
  PutAside,
  SourceInput,
  InputData,
  InputRequest,
} from '../source-reader.ts'
import { NOTIFICATION_LANE, type ObjectNotification } from './notifications.ts'
import { oldestOf } from '../lanes/reader.ts'
import { Listing, type ListingCut } from './listing.ts'
import { withRedriven } from '../redriven.ts'
import { elementsOfObject, withinObjectLimits } from '../file-elements.ts'

/** An upload with the time that counts for it. */
interface DueObject extends ObjectVersion {
  /** The later of its modification and its event: a multipart upload is modified when it begins, and there when it ends. */
  readonly dueMs: number
}

interface ObjectsOffsets {
  /** Hints that were read and whose objects no batch has taken yet. */
  readonly putOff: readonly ObjectNotification[]
  /** The positions of the lanes. */
  readonly lanes: Readonly<Record<string, string>>
  /** How far the listing has come of what no hint speaks of. */
  readonly listing?: ListingCut
  readonly [name: string]: unknown
}

export interface ObjectsInput extends SourceInput {
  readonly kind: 'notifications'
  /** In the order of (due, key). */
  readonly taken: readonly DueObject[]
  readonly skipped: readonly { readonly key: string; readonly reason: 'missing' | 'replaced' }[]
  /** The blocks of hints that were read. */
  readonly read: readonly BlockRef[]
  readonly cut: ObjectsOffsets
}

/** What to make it of. */
export interface ObjectsReaderParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly objects: ObjectStore
  /** What the keys of the watched objects begin with. Default: all are watched. */
  readonly prefix?: string
  /** `'ignore'`: only what was modified after the application first started. */
  readonly existing: 'ignore' | 'all'
  /** `'new'`: each upload is read once. `'ignore'`: each key is read once, whatever is uploaded under it later. */
  readonly onOverwrite: 'new' | 'ignore'
  /** Whether an object is taken, by its key. Default: all are. */
  readonly filter?: FileSelection['filter']
  /** Makes the elements of an object. Default: its lines. */
  readonly read?: FileSelection['read']
  readonly report: Listener
}

/** Hints behind the cut that one allocation reads at most, as a multiple of the objects in a batch: most are repetitions. */
const NOTIFICATIONS_PER_OBJECT = 4

/** Questions to the store and the bucket side by side: enough to hide their answers' way, and no storm when thousands of hints come. */
const CALLS_AT_ONCE = 64

/** While so many objects are put off no more are looked for by listing: they stand in the cut. */
const PUT_OFF_MAX = 100

const hasRoom = ({ putOff }: ObjectsOffsets): boolean => putOff.length < PUT_OFF_MAX

const cutOf = (cut: InputRequest['cut']): ObjectsOffsets => ({ putOff: [], lanes: {}, ...cut })

/** The name of one upload in the ledger. */
const uploadName = ({ key, version, isVersioned, modifiedMs }: ObjectVersion): string =>
  // An entity tag comes again with the same content; its time tells the uploads apart.
  isVersioned ? `${version}#${key}` : `${version}@${modifiedMs}#${key}`

/** The name of all uploads under a key in the ledger: no version is empty. */
const keyName = ({ key }: ObjectVersion): string => `#${key}`

/** By the time that counts, then by key, then in the order in which the uploads were made. */
const byDue = (a: DueObject, b: DueObject): number =>
  a.dueMs - b.dueMs ||
  (a.key < b.key
    ? -1
    : a.key > b.key
      ? 1
      : a.modifiedMs - b.modifiedMs || (a.version < b.version ? -1 : 1))

/** Writes into the ledger that a batch has taken these uploads; `byKey`: and with them all that is uploaded under their keys. */
export const recordUploads = async (
  { store, app, source }: Pick<ObjectsReaderParts, 'store' | 'app' | 'source'>,
  taken: readonly ObjectVersion[],
  { timeMs, byKey }: { readonly timeMs: number; readonly byKey: boolean },
): Promise<void> => {
  // The upload too, where the key would do: the choice may be another one after the next deployment.
  const namesOf = (object: ObjectVersion): readonly string[] =>
    byKey ? [keyName(object), uploadName(object)] : [uploadName(object)]
  const entries = taken.flatMap((object) =>
    namesOf(object).map((name) => ({
      ...ledgerKey(app, source, name),
      item: { modifiedMs: object.modifiedMs, takenMs: timeMs },
    })),
  )
  if (entries.length > 0) await store.putAll(entries)
}

/** The source of one node that reads objects which notifications hint at, and what was given back to it. */
export const objectsReader = (parts: ObjectsReaderParts): SourceReader<ObjectsInput> =>
  withRedriven(parts, notifiedObjects(parts))

const notifiedObjects = (parts: ObjectsReaderParts): SourceReader<ObjectsInput> => {
  const { source, onOverwrite, report } = parts
  const notifications = new NotificationReader(parts)
  const listed = new Listing({ prefix: '', ...parts })

  return {
    kind: 'notifications',
    async allocate({ timeMs, cut, limits, startedMs }: InputRequest): Promise<ObjectsInput> {
      const before = cutOf(cut)
      const found = await notifications.behind(before, limits.objects * NOTIFICATIONS_PER_OBJECT)
      const page = hasRoom(before)
        ? await listed.page(before.listing, timeMs)
        : { notifications: [], listing: before.listing }
      const { open, missing } = await notifications.openUploads(
        [...before.putOff, ...found.notifications, ...page.notifications],
        startedMs,
      )
      for (const key of missing)
        report({ event: 'objectSkipped', source, object: key, reason: 'it is not there any more' })
      const due = open.filter(({ dueMs }) => dueMs <= timeMs)
      const taken = withinObjectLimits(due, limits)
      const left = open.filter((object) => !taken.includes(object))
      const putOff = left.map(({ key, version, isVersioned, dueMs }) => ({
        key,
        eventMs: dueMs,
        ...(isVersioned ? { version } : {}),
      }))
      const bytes = taken.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
      const next = {
        ...before,
        putOff,
        lanes: found.lanes,
        ...(page.listing === undefined ? {} : { listing: page.listing }),
      }
      return {
        kind: 'notifications',
        taken,
        skipped: missing.map((key) => ({ key, reason: 'missing' as const })),
        read: found.blocks,
        records: 0,
        bytes,
        objects: taken.length,
        cut: next,
        laneCut: found.lanes,
      }
    },
    read: (slice: ObjectsInput, putAside: PutAside) => readUploads(parts, slice, putAside),
    async record(slice: ObjectsInput, timeMs: number): Promise<void> {
      await recordUploads(parts, slice.taken, { timeMs, byKey: onOverwrite === 'ignore' })
    },
    async waiting({ cut }): Promise<number | undefined> {
      const before = cutOf(cut)
      if (await notifications.anyBehind(before)) return -Infinity
      const listingMs = hasRoom(before) ? listed.dueMs(before.listing) : undefined
      return oldestOf([
        ...before.putOff.map(({ eventMs }) => eventMs),
        ...(listingMs === undefined ? [] : [listingMs]),
      ])
    },
    async takenInMs(cut): Promise<number | undefined> {
      const before = cutOf(cut)
      // What was there long before was not taken in before it was listed.
      const begunMs = before.listing?.begunMs ?? -Infinity
      return oldestOf([
        ...(await notifications.takenInMs(before)),
        ...before.putOff.map(({ eventMs }) => Math.max(eventMs, begunMs)),
      ])
    },
    blocks: (slice: ObjectsInput): readonly SegmentRef[] => slice.read,
  }
}

/** Reads the uploads of a slice, in its order. What is gone by now is left out. */
const readUploads = async (
  { objects, source, read, report }: ObjectsReaderParts,
  slice: ObjectsInput,
  putAside: PutAside,
): Promise<InputData<ObjectsInput>> => {
  const partitions: Partition<unknown>[] = []
  const taken: DueObject[] = []
  const skipped = [...slice.skipped]
  for (const object of slice.taken) {
    const content = await objects.read(object)
    if (content.found) {
      taken.push(object)
      partitions.push(
        elementsOfObject({ source, key: object.key, bytes: content.bytes }, read, putAside),
      )
    } else {
      skipped.push({ key: object.key, reason: content.gone })
      report({
        event: 'objectSkipped',
        source,
        object: object.key,
        reason: `it is ${content.gone} since its batch was decided`,
      })
    }
  }
  const records = partitions.reduce((total, partition) => total + partition.records.length, 0)
  return { partitions, slice: { ...slice, taken, skipped, objects: taken.length }, records }
}

/** Reads hints from lanes, and finds out what has become of the objects they speak of. */
class NotificationReader {
  readonly #parts: ObjectsReaderParts

  constructor(parts: ObjectsReaderParts) {
    this.#parts = parts
  }

  async anyBehind(cut: ObjectsOffsets): Promise<boolean> {
    return (await this.#waitingBlocks(cut)).length > 0
  }

  /** Whole blocks of hints behind the cut, up to a number of hints, and the positions after them. */
  async behind(
    cut: ObjectsOffsets,
    notificationsMax: number,
  ): Promise<{
    readonly notifications: readonly ObjectNotification[]
    readonly blocks: readonly BlockRef[]
    readonly lanes: ObjectsOffsets['lanes']
  }> {
    const lanes: Record<string, string> = { ...cut.lanes }
    const blocks: BlockRef[] = []
    let count = cut.putOff.length
    for (const block of await this.#waitingBlocks(cut)) {
      count += block.count
      if (blocks.length > 0 && count > notificationsMax) break
      blocks.push(block)
      lanes[NOTIFICATION_LANE] = block.at
    }
    const { store, app } = this.#parts
    const read = await inGroups(
      blocks,
      CALLS_AT_ONCE,
      async (ref) => (await readBlock(store, app, ref)).records as readonly ObjectNotification[],
    )
    return { notifications: read.flat(), blocks, lanes }
  }

  /** When the hints behind the cut were taken in. */
  async takenInMs(cut: ObjectsOffsets): Promise<readonly number[]> {
    return (await this.#waiting(cut)).map(({ receivedMs }) => receivedMs)
  }

  async #waitingBlocks(cut: ObjectsOffsets): Promise<readonly BlockRef[]> {
    return (await this.#waiting(cut)).flatMap(({ blocks }) => blocks)
  }

  async #waiting(cut: ObjectsOffsets): Promise<readonly LaneEntry[]> {
    const { store, app, source } = this.#parts
    const lane = await readLane(store, app, source, NOTIFICATION_LANE)
    return lane === undefined ? [] : entriesAfter(lane, cut.lanes[NOTIFICATION_LANE] ?? BEGINNING)
  }

  /** The uploads that hints speak of and no batch has taken, each once, by (due, key); and the keys under which nothing is any more. */
  async openUploads(
    notifications: readonly ObjectNotification[],
    startedMs: number,
  ): Promise<{ readonly open: readonly DueObject[]; readonly missing: readonly string[] }> {
    const { objects, existing, onOverwrite, filter } = this.#parts
    const uploads = new Map<string, DueObject>()
    const missing = new Set<string>()
    const wanted = distinct(notifications).filter(({ key }) => filter?.(key) !== false)
    const look = async (notification: ObjectNotification) => ({
      notification,
      object: await objects.head(notification.key, notification.version),
    })
    const looked = await inGroups(wanted, CALLS_AT_ONCE, look)
    for (const { notification, object } of looked) {
      if (object === undefined) {
        missing.add(notification.key)
        continue
      }
      const dueMs = Math.max(object.modifiedMs, notification.eventMs)
      if (existing === 'all' || dueMs > startedMs)
        uploads.set(uploadName(object), { ...object, dueMs })
    }
    const untaken = await inGroups([...uploads.values()], CALLS_AT_ONCE, async (object) =>
      (await this.#isTaken(object)) ? [] : [object],
    )
    const open = untaken.flat().toSorted(byDue)
    return { open: onOverwrite === 'ignore' ? firstOfEachKey(open) : open, missing: [...missing] }
  }

  async #isTaken(object: DueObject): Promise<boolean> {
    const { store, app, source, onOverwrite } = this.#parts
    const isKnown = async (name: string): Promise<boolean> =>
      (await store.get(ledgerKey(app, source, name))) !== undefined
    return (
      (await isKnown(uploadName(object))) ||
      (onOverwrite === 'ignore' && (await isKnown(keyName(object))))
    )
  }
}

const firstOfEachKey = (objects: readonly DueObject[]): readonly DueObject[] => {
  const keys = new Set<string>()
  return objects.filter(({ key }) => !keys.has(key) && keys.add(key))
}

/** Each object and version once. Of several events the last: without versions it is that of the upload which is there now. */
const distinct = (notifications: readonly ObjectNotification[]): readonly ObjectNotification[] => {
  const byName = new Map<string, ObjectNotification>()
  for (const notification of notifications) {
    const name = `${notification.version ?? ''}#${notification.key}`
    const known = byName.get(name)
    if (known === undefined || notification.eventMs > known.eventMs) byName.set(name, notification)
  }
  return [...byName.values()]
}
