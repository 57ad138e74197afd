/**
 * Reads records from objects of a bucket. Their notifications are appended to a lane as often as
 * they come: late, twice and out of order. The allocation of a batch decides what it takes:
 *
 *   notifications after the offsets + pending objects + some pages of the listing
 *     -> exists now -> not in the ledger -> modified at or before t -> within the limits
 *
 * The other objects are pending: the offsets keep them for the next batch. The ledger is written
 * between log and commit, by upload. The batch reads the uploads that its input names, many at the
 * same time, and gives them in the order of its input (B3).
 *
 * What was notified is new, whenever the driver first runs: notifications begin with the
 * deployment. Only an object that a listing finds may be from before the first start.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import { readBlock } from '../../../state/blocks.ts'
import { BEGINNING, type BlockRef, isAfter } from '../../../state/lane-entries.ts'
import type { LanePage } from '../../../state/lane-pages.ts'
import { firstEntries, isWaiting, waitingIn } from '../../../state/lane-reader.ts'
import { type Lane, readLane } from '../../../state/lanes.ts'
import type { LaneOffsets, ListingOffsets, PendingObject } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { countedFiles, storedIn, withinLimits } from '../file-elements.ts'
import { ClockSkew } from '../clock-skew.ts'
import type { SourcePlace } from '../source-kind.ts'
import {
  type Behind,
  earliestOf,
  type InputRequest,
  NOTHING_WAITS,
  type SourceReader,
} from '../source-reader.ts'
import { NOTIFICATION_LANE } from './event-messages.ts'
import type { ObjectsInput } from './input.ts'
import { Listing } from './listing.ts'
import { readUploadAgain, readUploads } from './read-uploads.ts'
import { findRenamed } from './contents.ts'
import { judgeUploads, leftUpload } from './late-objects.ts'
import { checkRefused } from './refused-objects.ts'
import type { DueObject, ObjectsReaderParts } from './upload.ts'
import { CALLS_AT_ONCE, openUploads, recordUploads } from './uploads.ts'

/**
 * The largest number of notifications that one allocation reads beyond the objects that it may
 * take, for each object of the limits of the pipeline. Most notifications are repeated. A batch
 * that may take more has no more beyond: what it does not take is in the offsets.
 */
const NOTIFICATIONS_BEYOND = 3

/**
 * With this many pending objects, listing pauses, because the offsets contain all pending objects.
 */
const PENDING_MAX = 100

const NOTHING: ListingOffsets = { pending: [] }

const hasRoom = ({ pending }: ListingOffsets): boolean => pending.length < PENDING_MAX

/** The reader of a source that watches a bucket. */
export const objectsReader = (parts: ObjectsReaderParts): SourceReader<ObjectsInput> => {
  const { onOverwrite } = parts
  const notifications = new NotificationReader(parts)
  const listed = new Listing({ prefix: '', ...parts })
  const skew = new ClockSkew(parts.source, parts.report)
  let behind: Behind = NOTHING_WAITS

  return {
    kind: 'objects',
    parts: ['lanes', 'listing'],
    isPolled: true,
    reads: (lane) => lane === NOTIFICATION_LANE,
    async allocate(request): Promise<ObjectsInput> {
      const allocated = await allocateObjects(parts, notifications, listed, request)
      skew.tell(parts.objects.aheadMs?.(), request.nowMs)
      behind = allocated.behind
      return allocated.input
    },
    behind: () => behind,
    counted: ({ taken }) => countedFiles(taken),
    read: (input, putAside, isRetry) => readUploads(parts, input, putAside, isRetry),
    readAgain: (file, putAside) => readUploadAgain(parts, file, putAside),
    async recordTaken(input, timeMs): Promise<void> {
      await recordUploads(parts, input, { timeMs, byKey: onOverwrite === 'ignore' })
    },
    async waiting({ offsets: { listing = NOTHING, lanes = {} }, nowMs }) {
      if (await notifications.isAnyAfter(lanes)) return -Infinity
      const listMs = hasRoom(listing) ? listed.dueMs(listing.progress) : undefined
      // A listing that is overdue belongs to no past time: after days, one is made.
      if (listMs !== undefined && listMs <= nowMs) return -Infinity
      return earliestOf([...listing.pending.map(({ eventMs }) => eventMs), listMs])
    },
    async takenInMs({ listing = NOTHING, lanes = {} }): Promise<number | undefined> {
      // For the lag, an old object counts from the time when its listing started.
      const begunMs = listing.progress?.begunMs ?? -Infinity
      return earliestOf([
        await notifications.takenInMs(lanes),
        ...listing.pending.map(({ eventMs }) => Math.max(eventMs, begunMs)),
      ])
    },
    blocks: ({ read, pages = [] }): readonly SegmentRef[] => [...read, ...pages],
  }
}

const allocateObjects = async (
  parts: ObjectsReaderParts,
  notifications: NotificationReader,
  listed: Listing,
  request: InputRequest<ObjectsInput['offsets']>,
): Promise<{ readonly input: ObjectsInput; readonly behind: Behind }> => {
  const { source, report } = parts
  const { timeMs, offsets, limits, startedMs, firstMs } = request
  const { listing: before = NOTHING, lanes = {} } = offsets
  const beyond = (request.firstObjects ?? limits.objects) * NOTIFICATIONS_BEYOND
  const most = limits.objects + beyond - before.pending.length
  const found = await notifications.after(lanes, most)
  const page = hasRoom(before)
    ? await listed.pages(before.progress, {
        timeMs,
        startedMs,
        firstMs,
        objectsMax: limits.objects,
      })
    : { found: [], progress: before.progress }
  const { missing, refused, ...uploads } = await openUploads(parts, [
    ...before.pending,
    ...found.notified,
    ...page.found,
  ])
  checkRefused(refused, uploads.open.length)
  for (const key of missing)
    report({ event: 'objectSkipped', source, object: key, reason: 'it no longer exists' })
  const judged = judgeUploads(uploads.open, parts.late, request)
  const { open, renamed, undecided } = await findRenamed(parts, judged.inTime)
  const due = open.filter(({ dueMs }) => dueMs <= timeMs)
  const taken = withinLimits(due, limits)
  const behind = storedIn(due.slice(taken.length))
  const isTaken = new Set(taken)
  const pending = [...open.filter((object) => !isTaken.has(object)), ...undecided].map(pendingOf)
  const left = [...judged.left, ...renamed.map(leftUpload)]
  const aside = [...refused, ...judged.aside]
  reportLeft(parts, 'tooOld', judged.left)
  reportLeft(parts, 'renamed', renamed)
  const { progress } = page
  return {
    input: {
      kind: 'objects',
      taken,
      skipped: missing.map((key) => ({ key, reason: 'missing' as const })),
      ...(aside.length === 0 ? {} : { refused: aside }),
      ...(left.length === 0 ? {} : { left }),
      ...(parts.onRename === 'ignore' ? { withContents: true } : {}),
      read: found.blocks,
      ...(found.pages.length === 0 ? {} : { pages: found.pages.map(({ ref }) => ref) }),
      records: 0,
      bytes: storedIn(taken).bytes,
      objects: taken.length,
      offsets: {
        lanes: found.lanes,
        listing: { pending, ...(progress === undefined ? {} : { progress }) },
      },
    },
    behind: {
      ...behind,
      objects: behind.objects + found.left,
      hasMore: page.found.length > 0 && progress?.after !== undefined,
    },
  }
}

const pendingOf = ({ key, version, isVersioned, dueMs, isCopy }: DueObject): PendingObject => ({
  key,
  eventMs: dueMs,
  ...(isVersioned ? { version } : {}),
  ...(isCopy === undefined ? {} : { isCopy }),
})

/** Says how many objects are left out for ever. */
const reportLeft = (
  { source, report }: ObjectsReaderParts,
  reason: 'tooOld' | 'renamed',
  left: readonly { readonly key: string }[],
): void => {
  const [first] = left
  if (first !== undefined)
    report({ event: 'leftOut', source, reason, count: left.length, first: first.key })
}

/** Notifications after the offsets, and the offsets after them. */
interface FoundNotifications {
  readonly notified: readonly PendingObject[]
  readonly blocks: readonly BlockRef[]
  /** The pages that nothing needs after these blocks. */
  readonly pages: readonly LanePage[]
  readonly lanes: LaneOffsets
  /** The number of notifications after these. */
  readonly left: number
}

/** Reads the lane of notifications. */
class NotificationReader {
  readonly #place: SourcePlace

  constructor(place: SourcePlace) {
    this.#place = place
  }

  async isAnyAfter(lanes: LaneOffsets): Promise<boolean> {
    const lane = await this.#lane()
    return lane !== undefined && isWaiting(lane, offsetIn(lanes))
  }

  /** Reads whole blocks, up to a number of notifications. */
  async after(lanes: LaneOffsets, notificationsMax: number): Promise<FoundNotifications> {
    const blocks: BlockRef[] = []
    let count = 0
    const { store, app } = this.#place
    const lane = await this.#lane()
    const most = { entries: Infinity, count: notificationsMax, bytes: Infinity }
    const { entries, pages, rest } =
      lane === undefined
        ? { entries: [], pages: [], rest: { count: 0 } }
        : await firstEntries(this.#place, lane, offsetIn(lanes), most)
    const all = entries.flatMap((entry) => entry.blocks)
    for (const block of all) {
      count += block.count
      if (blocks.length > 0 && count > notificationsMax) break
      blocks.push(block)
    }
    const after = all.slice(blocks.length)
    const read = await mapAtOnce(
      blocks,
      CALLS_AT_ONCE,
      async (ref) => (await readBlock(store, app, ref)).records as readonly PendingObject[],
    )
    const last = blocks.at(-1)
    return {
      notified: read.flat(),
      blocks,
      pages: pages.filter(({ ref }) => last !== undefined && !isAfter(ref.at, last.at)),
      lanes: last === undefined ? lanes : { ...lanes, [NOTIFICATION_LANE]: last.at },
      left: rest.count + after.reduce((total, block) => total + block.count, 0),
    }
  }

  /** When intake accepted the first notifications after the offsets. */
  async takenInMs(lanes: LaneOffsets): Promise<number | undefined> {
    const lane = await this.#lane()
    if (lane === undefined) return undefined
    return (await waitingIn(this.#place, lane, offsetIn(lanes))).first?.receivedMs
  }

  async #lane(): Promise<Lane | undefined> {
    const { store, app, source } = this.#place
    return readLane(store, app, source, NOTIFICATION_LANE)
  }
}

const offsetIn = (lanes: LaneOffsets): string => lanes[NOTIFICATION_LANE] ?? BEGINNING
