/**
 * The queue of a lane after an append: entries that batches have taken leave it, and neighbours are
 * merged. B8: its size is bounded. A lane that is full refuses, and its source keeps the records.
 */
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Clock } from '../../ports/clock.ts'
import { itemBytes, type ItemStore } from '../../ports/item-store.ts'
import type { Head, HeadStore, LaneOffsetsBySource } from '../../state/head.ts'
import { laneKey } from '../../state/item-keys.ts'
import { readLaneOffsets } from '../../state/lane-offsets.ts'
import { BEGINNING, entriesAfter, type Lane, type LaneEntry, laneItem } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'
import { coalesce, fitsInto } from './entries.ts'

/** What the queue works with. */
export interface LaneQueueParts {
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  readonly store: ItemStore
  readonly clock: Clock
  readonly limits: BatchLimits
}

/** Replaces the attempt id while the size of an item is measured. */
const LONGEST_ATTEMPT_ID = 'x'.repeat(64)
/** A queue may grow to this size before offsets are read that the head does not hold. */
const GROWN_BYTES = 8 * 1024
/** And to this size before a new process reads the head: it is one write unit. */
const GROWN_BYTES_UNSEEN = 1024
const HEADS_READ_MAX = 3

/** The queues of the lanes of one source. */
export class LaneQueue {
  readonly #parts: LaneQueueParts
  readonly #heads: HeadStore
  /** The offsets of the last head that was seen. Older ones only drop less. */
  #offsets: LaneOffsetsBySource = {}
  /** Where the offsets are, as far as this process knows. */
  #known: 'unseen' | 'inHead' | 'elsewhere' = 'unseen'
  /** The size of each queue at which offsets are read again. */
  readonly #readAtBytes = new Map<string, number>()

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
   * The entries of a lane with a new one. The last head that was seen may be old, so the head is
   * read again before this refuses.
   *
   * @throws MillraceError `LANE_FULL`, retryable.
   */
  async with(
    seen: Lane | undefined,
    lane: string,
    entry: LaneEntry,
    feeder?: string,
  ): Promise<readonly LaneEntry[]> {
    const { store, source } = this.#parts
    const parents = seen?.parents ?? []
    const rest = { parents, ...(feeder === undefined ? {} : { feeder }) }
    const sizeOf = (entries: readonly LaneEntry[]): number =>
      this.#sizeOf({ source, lane, tail: entry.last, by: LONGEST_ATTEMPT_ID, ...rest, entries })
    const entries = this.#queueWith(seen, lane, entry)
    const bytes = sizeOf(entries)
    if (bytes <= store.itemBytesMax && !this.#hasGrown(lane, bytes)) return entries
    await this.#readOffsets()
    const fewer = this.#queueWith(seen, lane, entry)
    const left = sizeOf(fewer)
    this.#readAtBytes.set(lane, Math.max(GROWN_BYTES, 2 * left))
    if (left <= store.itemBytesMax) return fewer
    throw new MillraceError('LANE_FULL', {
      problem: `Lane ${lane} of ${source} has ${fewer.length} entries that no batch has taken yet`,
      value: `${left} bytes`,
      allowed: `${store.itemBytesMax} bytes`,
      fix: 'see millrace status for why batches do not run. Intake continues when they run again',
      retryable: true,
    })
  }

  /**
   * Whether consumed entries may have piled up. A process that appends once and ends sees the head
   * only after its append.
   */
  #hasGrown(lane: string, bytes: number): boolean {
    if (this.#known === 'unseen') return bytes > GROWN_BYTES_UNSEEN
    return this.#known === 'elsewhere' && bytes > (this.#readAtBytes.get(lane) ?? GROWN_BYTES)
  }

  #sizeOf(lane: Lane): number {
    return itemBytes(laneKey(this.#parts.app, lane.source, lane.lane), laneItem(lane))
  }

  /** B11: a manifest that is gone was replaced by newer ones, which the head names now. */
  async #readOffsets(): Promise<void> {
    const { store, app, clock } = this.#parts
    for (let tries = 1; tries <= HEADS_READ_MAX; tries++) {
      const head = await withRetries(clock, () => this.#heads.read())
      this.saw(head)
      if (head === undefined) return
      try {
        this.#offsets = await withRetries(clock, () => readLaneOffsets(store, app, head))
        return
      } catch (error) {
        if (!(isMillraceError(error) && error.code === 'SEGMENT_MISSING')) throw error
      }
    }
  }

  /** Drops consumed entries. */
  #queueWith(seen: Lane | undefined, lane: string, entry: LaneEntry): readonly LaneEntry[] {
    const offset = this.#offsets[this.#parts.source]?.[lane] ?? BEGINNING
    const waiting = seen === undefined ? [] : entriesAfter(seen, offset)
    const last = waiting.at(-1)
    const { limits } = this.#parts
    if (last === undefined || !fitsInto(last, entry, limits)) return [...waiting, entry]
    return [...waiting.slice(0, -1), coalesce(last, entry)]
  }
}
