/**
 * The entries of a lane, and the positions in it. An entry is what one append has brought, or some
 * neighbouring appends.
 */
import { packRef, type PackedRef, type SegmentRef, unpackRef } from './segments.ts'

/** The position before every other. */
export const BEGINNING = '0'

const ZERO = '0'.charCodeAt(0)

/** Whether a number is written with digits that it does not need. */
const isPadded = (digits: string): boolean => digits.length > 1 && digits.charCodeAt(0) === ZERO

/**
 * Whether position `a` comes after position `b`. Intake asks for each record, so digits are
 * compared where that is enough.
 */
export const isAfter = (a: string, b: string): boolean => {
  if (isPadded(a) || isPadded(b)) return BigInt(a) > BigInt(b)
  return a.length === b.length ? a > b : a.length > b.length
}

/** The position that comes `by` after another. */
export const advance = (position: string, by: number): string =>
  String(BigInt(position) + BigInt(by))

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
  /**
   * The generation for which it counts, if it holds what intake has combined by key. Default: it
   * holds the records themselves, and counts for all.
   */
  readonly combinedFor?: number
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
   * When intake took the entry, by the clock of intake. Used for the lag, and to begin with the
   * lane that waits longest. The offsets alone say what was taken.
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

/**
 * What of an entry is after an offset, if anything. Intake may have merged the last entry before
 * the offset with the next one. Of a merged entry, this gives the blocks after the offset. An
 * offset never falls inside a block.
 */
export const entryAfter = (entry: LaneEntry, offset: string): readonly LaneEntry[] =>
  !isAfter(entry.last, offset) ? [] : [isAfter(entry.first, offset) ? entry : restOf(entry, offset)]

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
  /** 0: the position of its last record, since it has only one. */
  first: string | 0,
  count: number,
  sum: number,
  /** Left out: none. */
  rejected?: number,
  /** Left out: it holds the records themselves. */
  combinedFor?: number,
]

/**
 * An entry as it is stored, in lanes and in batch inputs. Names that all blocks share are left out.
 */
export type PackedEntry = readonly [
  /** 0: the position at which its last block ends. */
  last: string | 0,
  receivedMs: number,
  deadLetters: number,
  ...blocks: PackedBlock[],
]

const packBlock = (block: BlockRef): PackedBlock => {
  const first = block.first === block.at ? 0 : block.first
  const { rejected, combinedFor } = block
  const packed = [...packRef(block), first, block.count, block.sum] as const
  if (combinedFor !== undefined) return [...packed, rejected ?? 0, combinedFor]
  return rejected === undefined ? packed : [...packed, rejected]
}

export const packEntry = ({ last, receivedMs, deadLetters, blocks }: LaneEntry): PackedEntry => [
  last === blocks.at(-1)?.at ? 0 : last,
  receivedMs,
  deadLetters,
  ...blocks.map(packBlock),
]

export const unpackEntry = (
  source: string,
  lane: string,
  [stored, receivedMs, deadLetters, ...packed]: PackedEntry,
): LaneEntry => {
  const blocks = packed.map(
    ([
      at,
      by,
      chunks,
      bytes,
      checksum,
      first,
      count,
      sum,
      rejected = 0,
      combinedFor,
    ]): BlockRef => ({
      ...unpackRef(blockNode(source, lane), 0, [at, by, chunks, bytes, checksum]),
      first: first === 0 ? at : first,
      count,
      sum,
      ...(rejected === 0 ? {} : { rejected }),
      ...(combinedFor === undefined ? {} : { combinedFor }),
    }),
  )
  const last = stored === 0 ? (blocks.at(-1)?.at ?? BEGINNING) : stored
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
