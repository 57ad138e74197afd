/**
 * Lanes: each is one ordered partition of a source. Intake appends entries at the tail. A batch
 * takes the entries of every lane from the last committed offset up to its own offset. Entries at
 * or before the committed offset are consumed; the next append drops them.
 */
import { allOrFirstError } from '../base/concurrency.ts'
import type { Item, ItemStore } from '../ports/item-store.ts'
import { laneKey, lanePartitions } from './item-keys.ts'
import { packRef, type PackedRef, type SegmentRef, unpackRef } from './segments.ts'

/**
 * A block of a lane: the segment that holds it, and what must agree when the block is made again
 * (B7). The `at` of the segment is the position of the last record.
 */
export interface BlockRef extends SegmentRef {
  /** Position of the first record. */
  readonly first: string
  /** Number of records. */
  readonly count: number
  /**
   * Checksum of the records and their positions. It does not depend on the encoding of the block.
   */
  readonly sum: number
  /** Records beside these that intake could not read. They are dead letters. Default 0. */
  readonly rejected?: number
}

/**
 * Consecutive records in a lane. Positions are whole numbers, written in decimal and compared as
 * numbers: those of Kinesis have 56 digits.
 */
export interface LaneEntry {
  readonly first: string
  readonly last: string
  /** Number of records, without dead letters. */
  readonly count: number
  readonly bytes: number
  /**
   * When intake took the entry, by the clock of intake. Used for the lag, never to decide what is
   * in a batch.
   */
  readonly receivedMs: number
  /** How many records became dead letters while intake took this entry. */
  readonly deadLetters: number
  /**
   * The records themselves, in order, if the source cannot be read again. The blocks are the truth
   * then (B7).
   */
  readonly blocks: readonly BlockRef[]
}

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
  /** Entries in order; the last ends at the tail. */
  readonly entries: readonly LaneEntry[]
  /** Where the one that feeds the lane goes on, in its own words. Written with its records. */
  readonly feeder?: string
  /**
   * When the lane was emptied, because all was consumed and nothing had come for long. Epoch
   * milliseconds. Every entry that it gets from then on is new.
   */
  readonly emptiedMs?: number
  /** When the store may remove it, epoch seconds. Only an emptied lane has it. */
  readonly ttl?: number
}

/**
 * The lane in which a kind of source keeps things that are not records: notifications, messages.
 */
export const kindLane = (name: string): string => `@${name}`

/** Whether a lane holds records of its source. The lanes of `kindLane` do not. */
export const isRecordLane = (lane: string): boolean => !lane.startsWith('@')

/** The position before every other. */
export const BEGINNING = '0'

/** Whether position `a` comes after position `b`. */
export const isAfter = (a: string, b: string): boolean => BigInt(a) > BigInt(b)

/** The position that comes `by` after another. */
export const advance = (position: string, by: number): string =>
  String(BigInt(position) + BigInt(by))

/**
 * The entries after an offset. Intake may have merged the last entry before the offset with the
 * next one. Of a merged entry, this gives the blocks after the offset. An offset never falls inside
 * a block.
 */
export const entriesAfter = (lane: Lane, offset: string): readonly LaneEntry[] =>
  lane.entries
    .filter((entry) => isAfter(entry.last, offset))
    .map((entry) => (isAfter(entry.first, offset) ? entry : restOf(entry, offset)))

const restOf = (entry: LaneEntry, offset: string): LaneEntry => {
  const blocks = entry.blocks.filter(({ at }) => isAfter(at, offset))
  const sum = (field: 'count' | 'bytes' | 'rejected'): number =>
    blocks.reduce((total, block) => total + (block[field] ?? 0), 0)
  return {
    ...entry,
    first: advance(offset, 1),
    count: sum('count'),
    bytes: sum('bytes'),
    deadLetters: sum('rejected'),
    blocks,
  }
}

/** The node under which the blocks of a lane are stored. */
export const blockNode = (source: string, lane: string): string => `${source}/${lane}`

type PackedBlock = readonly [
  ...PackedRef,
  first: string,
  count: number,
  sum: number,
  /** Left out: none. */
  rejected?: number,
]

/**
 * An entry as it is stored, in lanes and in batch inputs. Names that all blocks share are left out.
 */
export type PackedEntry = readonly [
  last: string,
  receivedMs: number,
  deadLetters: number,
  ...blocks: PackedBlock[],
]

const packBlock = (block: BlockRef): PackedBlock => {
  const packed = [...packRef(block), block.first, block.count, block.sum] as const
  return block.rejected === undefined ? packed : [...packed, block.rejected]
}

export const packEntry = ({ last, receivedMs, deadLetters, blocks }: LaneEntry): PackedEntry => [
  last,
  receivedMs,
  deadLetters,
  ...blocks.map(packBlock),
]

export const unpackEntry = (
  source: string,
  lane: string,
  [last, receivedMs, deadLetters, ...packed]: PackedEntry,
): LaneEntry => {
  const blocks = packed.map(
    ([at, by, chunks, bytes, checksum, first, count, sum, rejected]): BlockRef => ({
      ...unpackRef(blockNode(source, lane), 0, [at, by, chunks, bytes, checksum]),
      first,
      count,
      sum,
      ...(rejected === undefined ? {} : { rejected }),
    }),
  )
  const total = (field: 'count' | 'bytes'): number =>
    blocks.reduce((all, block) => all + block[field], 0)
  return {
    first: blocks[0]?.first ?? last,
    last,
    count: total('count'),
    bytes: total('bytes'),
    receivedMs,
    deadLetters,
    blocks,
  }
}

/** Reads a lane from its item. */
export const laneFromItem = (source: string, lane: string, item: Item): Lane => ({
  source,
  lane,
  tail: item['tail'] as string,
  by: item['by'] as string,
  parents: JSON.parse((item['parents'] as string | undefined) ?? '[]') as string[],
  entries: (JSON.parse(item['queue'] as string) as PackedEntry[]).map((entry) =>
    unpackEntry(source, lane, entry),
  ),
  ...(item['feeder'] === undefined ? {} : { feeder: item['feeder'] as string }),
  ...(item['emptiedMs'] === undefined ? {} : { emptiedMs: item['emptiedMs'] as number }),
  ...(item['ttl'] === undefined ? {} : { ttl: item['ttl'] as number }),
})

/** The item that stores a lane. Also used to measure its size. */
export const laneItem = ({ tail, by, parents, entries, feeder, emptiedMs, ttl }: Lane): Item => ({
  tail,
  by,
  queue: JSON.stringify(entries.map(packEntry)),
  ...(parents.length === 0 ? {} : { parents: JSON.stringify(parents) }),
  ...(feeder === undefined ? {} : { feeder }),
  ...(emptiedMs === undefined ? {} : { emptiedMs }),
  ...(ttl === undefined ? {} : { ttl }),
})

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

/** All lanes of a source, in the order of their ids (B3). */
export const readLanes = async (
  store: ItemStore,
  app: string,
  source: string,
): Promise<readonly Lane[]> => {
  const found = await allOrFirstError(
    lanePartitions(app).map((partition) => store.query(partition, { prefix: `${source}#` })),
  )
  return found
    .flat()
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
