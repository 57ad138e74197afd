/**
 * The queue of a lane after an append: entries that batches have taken leave it, neighbours are
 * merged, and what waits for long moves into pages, so that the item of the lane stays small.
 *
 * B8: what waits in a lane is bounded. A lane that is full refuses, and its source keeps the
 * records.
 */
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { type BatchLimits, BATCHES_WAITING_MAX } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import { itemBytes, type ItemStore } from '../../ports/item-store.ts'
import type { Head, HeadStore, LaneOffsetsBySource } from '../../state/head.ts'
import { laneKey } from '../../state/item-keys.ts'
import { BEGINNING, type LaneEntry } from '../../state/lane-entries.ts'
import {
  isPage,
  type LaneSize,
  type NamedPage,
  partsAfter,
  sizeOf,
} from '../../state/lane-pages.ts'
import { readLaneOffsets } from '../../state/lane-offsets.ts'
import { partsOf } from '../../state/lane-reader.ts'
import { type Lane, laneItem } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'
import { coalesce, fitsInto } from './entries.ts'
import { bytesOf, movedToPage } from './move-to-page.ts'

/** What the queue works with. */
export interface LaneQueueParts {
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly store: ItemStore
  readonly clock: Clock
  readonly limits: BatchLimits
}

/** What an append adds to a lane. */
export interface Addition {
  readonly lane: string
  readonly entry: LaneEntry
  readonly feeder?: string
  /** The attempt that appends. */
  readonly by: string
}

/** What a lane holds after an append. */
export interface Queue extends Pick<Lane, 'pages' | 'entries'> {
  /** A page that must be written before the lane names it (B5). */
  readonly written?: NamedPage
}

/** Replaces the attempt id while the size of an item is measured. */
const LONGEST_ATTEMPT_ID = 'x'.repeat(64)
/**
 * The item of a lane grows to this size, and to a share of the largest item: then it costs two
 * write units, and the append that makes it smaller costs two more for the page and its block.
 */
const ITEM_BYTES_MAX = 1_920
const ITEM_SHARE_MAX = 1 / 8
/** Room for entries and pages in each item, whatever else is in it. */
const ROOM_BYTES_MIN = 512
/** So many entries may wait before offsets are read that the head does not hold. */
const GROWN_ENTRIES = 16
/**
 * A new process reads the head first when a lane holds this much. One that appends once and ends
 * would see it only after its append, and drop nothing.
 */
const GROWN_BYTES_UNSEEN = 512
const HEADS_READ_MAX = 3

/** The queues of the lanes of one source. */
export class LaneQueue {
  readonly #parts: LaneQueueParts
  readonly #heads: HeadStore
  /** The offsets of the last head that was seen. Older ones only drop less. */
  #offsets: LaneOffsetsBySource = {}
  /** Where the offsets are, as far as this process knows. */
  #known: 'unseen' | 'inHead' | 'elsewhere' = 'unseen'
  /** The number of entries in each queue at which offsets are read again. */
  readonly #readAtEntries = new Map<string, number>()

  constructor(parts: LaneQueueParts, heads: HeadStore) {
    this.#parts = parts
    this.#heads = heads
  }

  /** Notes a head that intake has read. */
  saw(head: Head | undefined): void {
    this.#known = head !== undefined && head.offsets === undefined ? 'elsewhere' : 'inHead'
    if (head?.offsets !== undefined) this.#offsets = head.offsets
  }

  /**
   * What a lane holds with a new entry. Nothing is written yet. The last head that was seen may be
   * old, so the head is read again before this refuses.
   *
   * @throws MillraceError `LANE_FULL`, retryable.
   */
  async with(seen: Lane | undefined, addition: Addition): Promise<Queue> {
    const { lane } = addition
    const roomBytes = this.#roomIn(seen, addition)
    if (this.#known === 'unseen' && seen !== undefined && bytesOf(seen) > GROWN_BYTES_UNSEEN)
      await this.#readHead()
    let waiting = this.#waitingIn(seen, lane)
    let queue = this.#merged(waiting, addition.entry)
    let size = sizeOf(partsOf(queue))
    if (this.#isFull(size) || this.#hasGrown(lane, size)) {
      await this.#readOffsets()
      waiting = this.#waitingIn(seen, lane)
      queue = this.#merged(waiting, addition.entry)
      size = sizeOf(partsOf(queue))
      this.#readAtEntries.set(lane, Math.max(GROWN_ENTRIES, 2 * size.entries))
    }
    if (this.#isFull(size)) throw this.#full(lane, size)
    if (bytesOf(queue) <= roomBytes) return queue
    const node = { source: this.#parts.source, lane, by: addition.by }
    const moved = movedToPage(this.#parts, node, waiting)
    if (moved === undefined) return queue
    const { page, ...rest } = moved
    return { ...this.#merged(rest, addition.entry), written: page }
  }

  /** Room for entries and pages in the item of a lane, in bytes. */
  #roomIn(seen: Lane | undefined, { lane, entry, feeder }: Addition): number {
    const { app, source, store } = this.#parts
    const item = laneItem({
      source,
      lane,
      tail: entry.last,
      by: LONGEST_ATTEMPT_ID,
      parents: seen?.parents ?? [],
      ...(feeder === undefined ? {} : { feeder }),
      ...(seen?.used === undefined ? {} : { used: seen.used }),
      pages: [],
      entries: [],
    })
    const itemBytesMax = Math.min(ITEM_BYTES_MAX, store.itemBytesMax * ITEM_SHARE_MAX)
    return Math.max(ROOM_BYTES_MIN, itemBytesMax - itemBytes(laneKey(app, source, lane), item))
  }

  #isFull({ count, deadLetters, bytes }: LaneSize): boolean {
    const { records, bytes: bytesMax, waiting = BATCHES_WAITING_MAX } = this.#parts.limits
    return count + deadLetters > waiting * records || bytes > waiting * bytesMax
  }

  #full(lane: string, { count, bytes }: LaneSize): MillraceError {
    const { records, bytes: bytesMax, waiting = BATCHES_WAITING_MAX } = this.#parts.limits
    return new MillraceError('LANE_FULL', {
      problem: `Lane ${lane} of ${this.#parts.source} is full of records that no batch has taken`,
      value: `${count} records, ${bytes} bytes`,
      allowed: `${waiting * records} records and ${waiting * bytesMax} bytes: ${waiting} batches`,
      fix: 'see millrace status for why batches do not run. Intake continues when they run again',
      retryable: true,
    })
  }

  /** Whether consumed entries may have piled up, because the head does not hold the offsets. */
  #hasGrown(lane: string, { entries }: LaneSize): boolean {
    const readAt = this.#readAtEntries.get(lane) ?? GROWN_ENTRIES
    return this.#known === 'elsewhere' && entries > readAt
  }

  async #readHead(): Promise<Head | undefined> {
    const head = await withRetries(this.#parts.clock, () => this.#heads.read())
    this.saw(head)
    return head
  }

  /** B11: a manifest that is gone was replaced by newer ones, which the head names now. */
  async #readOffsets(): Promise<void> {
    const { store, app, clock } = this.#parts
    for (let tries = 1; tries <= HEADS_READ_MAX; tries++) {
      const head = await this.#readHead()
      if (head === undefined) return
      try {
        this.#offsets = await withRetries(clock, () => readLaneOffsets(store, app, head))
        return
      } catch (error) {
        if (!(isMillraceError(error) && error.code === 'SEGMENT_MISSING')) throw error
      }
    }
  }

  /** What of a lane is not consumed. */
  #waitingIn(seen: Lane | undefined, lane: string): Queue {
    const offset = this.#offsets[this.#parts.source]?.[lane] ?? BEGINNING
    const parts = seen === undefined ? [] : partsAfter(partsOf(seen), offset)
    return {
      pages: parts.filter(isPage),
      entries: parts.flatMap((part) => (isPage(part) ? [] : [part])),
    }
  }

  /** Adds an entry, merged with the last one if it fits. */
  #merged({ pages, entries }: Queue, entry: LaneEntry): Queue {
    const last = entries.at(-1)
    return last === undefined || !fitsInto(last, entry, this.#parts.limits)
      ? { pages, entries: [...entries, entry] }
      : { pages, entries: [...entries.slice(0, -1), coalesce(last, entry)] }
  }
}
