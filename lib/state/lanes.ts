/**
 * Lanes: each is one ordered partition of a source. Intake appends entries at the tail. A batch
 * takes the entries of every lane from the last committed offset up to its own offset. Entries at
 * or before the committed offset are consumed; the next append drops them. The item holds the
 * newest entries, and the names of pages with those before (`lane-pages.ts`). What waits is read by
 * `lane-reader.ts`.
 */
import type { Usage } from '../base/prices.ts'
import type { Item, ItemStore } from '../ports/item-store.ts'
import { laneKey } from './item-keys.ts'
import { type LaneEntry, packEntry, type PackedEntry, unpackEntry } from './lane-entries.ts'
import { packUsage, unpackUsage } from './lane-usage.ts'
import { type LanePage, packPage, type PackedPage, unpackPage } from './lane-pages.ts'
import { LanePartitions } from './lane-partitions.ts'

/** A lane as it is stored. */
export interface Lane {
  readonly source: string
  readonly lane: string
  /** The last position that was ever appended; '0' before the first. */
  readonly tail: string
  /** The attempt that appended last. */
  readonly by: string
  /**
   * Lanes that must be drained before a batch takes anything from this one: the lanes of the shards
   * that were split or merged into this shard.
   */
  readonly parents: readonly string[]
  /** What came before `entries` and moved out of the item, oldest first. */
  readonly pages: readonly LanePage[]
  /** The newest entries, in order; the last ends at the tail. */
  readonly entries: readonly LaneEntry[]
  /** Where the one that feeds the lane goes on, in its own words. Written with its records. */
  readonly feeder?: string
  /** What those that append to the lane have used so far, as they say. Left out: not counted. */
  readonly used?: Usage
  /**
   * When the lane was emptied, because all was consumed and nothing had come for long. Epoch
   * milliseconds. Every entry that it gets from then on is new.
   */
  readonly emptiedMs?: number
  /**
   * The batch after which it was emptied, by its time: with it, all up to the tail was consumed.
   * Clocks may be wrong, and batches may run ahead of them, so `emptiedMs` does not say it. Left
   * out: nobody knows it, or the lane was not emptied.
   */
  readonly emptiedAfterMs?: number
  /** When the store may remove it, epoch seconds. Only an emptied lane has it. */
  readonly ttl?: number
}

/**
 * The lane in which a kind of source keeps things that are not records: notifications, messages.
 */
export const kindLane = (name: string): string => `@${name}`

/** Whether a lane holds records of its source. The lanes of `kindLane` do not. */
export const isRecordLane = (lane: string): boolean => !lane.startsWith('@')

/** Reads a lane from its item. */
export const laneFromItem = (source: string, lane: string, item: Item): Lane => ({
  source,
  lane,
  tail: item['tail'] as string,
  by: item['by'] as string,
  parents: JSON.parse((item['parents'] as string | undefined) ?? '[]') as string[],
  pages: (JSON.parse((item['pages'] as string | undefined) ?? '[]') as PackedPage[]).map((page) =>
    unpackPage(source, lane, page),
  ),
  entries: (JSON.parse(item['queue'] as string) as PackedEntry[]).map((entry) =>
    unpackEntry(source, lane, entry),
  ),
  ...(item['feeder'] === undefined ? {} : { feeder: item['feeder'] as string }),
  ...(typeof item['used'] === 'string' ? { used: unpackUsage(item['used']) } : {}),
  ...(item['emptiedMs'] === undefined ? {} : { emptiedMs: item['emptiedMs'] as number }),
  ...(item['emptiedAfterMs'] === undefined
    ? {}
    : { emptiedAfterMs: item['emptiedAfterMs'] as number }),
  ...(item['ttl'] === undefined ? {} : { ttl: item['ttl'] as number }),
})

/** The item that stores a lane. Also used to measure its size. */
export const laneItem = (lane: Lane): Item => {
  const { tail, by, parents, pages, entries, feeder, used } = lane
  const { emptiedMs, emptiedAfterMs, ttl } = lane
  return {
    tail,
    by,
    queue: JSON.stringify(entries.map(packEntry)),
    ...(pages.length === 0 ? {} : { pages: JSON.stringify(pages.map(packPage)) }),
    ...(parents.length === 0 ? {} : { parents: JSON.stringify(parents) }),
    ...(feeder === undefined ? {} : { feeder }),
    ...(used === undefined ? {} : { used: packUsage(used) }),
    ...(emptiedMs === undefined ? {} : { emptiedMs }),
    ...(emptiedAfterMs === undefined ? {} : { emptiedAfterMs }),
    ...(ttl === undefined ? {} : { ttl }),
  }
}

/** Reads a lane. Undefined before the first append. */
export const readLane = async (
  store: ItemStore,
  app: string,
  source: string,
  lane: string,
): Promise<Lane | undefined> => {
  const item = await store.get(laneKey(app, source, lane))
  return item === undefined ? undefined : laneFromItem(source, lane, item)
}

/** Sorts lanes: parents before children, and by id where lineage does not decide (B3). */
export const lineageOrder = <L extends Pick<Lane, 'lane' | 'parents'>>(
  lanes: readonly L[],
): readonly L[] => {
  const byId = new Map(lanes.map((lane) => [lane.lane, lane]))
  const ordered = new Set<L>()
  const visit = (lane: L): void => {
    if (ordered.has(lane)) return
    for (const parent of lane.parents) {
      const found = byId.get(parent)
      if (found !== undefined) visit(found)
    }
    ordered.add(lane)
  }
  lanes.toSorted((a, b) => (a.lane < b.lane ? -1 : 1)).forEach(visit)
  return [...ordered]
}

/**
 * All lanes of a source, in the order of their ids (B3). Whoever reads them often keeps the
 * `partitions`, and saves a round trip.
 */
export const readLanes = async (
  store: ItemStore,
  app: string,
  source: string,
  partitions: LanePartitions = new LanePartitions(store, app, source),
): Promise<readonly Lane[]> => {
  const found = await partitions.read()
  return found
    .map(({ sort, item }) => laneFromItem(source, sort.slice(source.length + 1), item))
    .toSorted((a, b) => (a.lane < b.lane ? -1 : 1))
}

/** The answer to an append. If the store refused it, `current` is the lane that is stored. */
export type LaneSwap =
  | { readonly swapped: true }
  | { readonly swapped: false; readonly current: Lane | undefined }

/**
 * B1: replaces a lane if it is still the one that its writer saw: the same tail, written by the
 * same attempt. A lane that was emptied keeps its tail. A writer that saw it before has its old
 * entries, and they must not come back.
 */
export const swapLane = async (
  store: ItemStore,
  app: string,
  seen: Lane | undefined,
  next: Lane,
): Promise<LaneSwap> => {
  const answer = await store.compareAndSet(
    laneKey(app, next.source, next.lane),
    seen === undefined ? 'absent' : { tail: seen.tail, by: seen.by },
    laneItem(next),
  )
  if (answer.swapped) return answer
  return {
    swapped: false,
    current:
      answer.current === undefined
        ? undefined
        : laneFromItem(next.source, next.lane, answer.current),
  }
}
