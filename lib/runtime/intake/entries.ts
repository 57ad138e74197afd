/** The entries that intake appends to a lane, and the pauses between its tries. */
import { crc32 } from 'node:zlib'
import type { BatchLimits } from '../../dstream/plan.ts'
import type { PositionedRecord } from '../../state/blocks.ts'
import { BEGINNING, type BlockRef, isAfter, type LaneEntry } from '../../state/lane-entries.ts'
import type { Lane } from '../../state/lanes.ts'
import type { LaneDelivery } from './lane-delivery.ts'

/**
 * Neighbouring entries are merged up to this share of the limits of a batch (B8). So there are
 * enough positions at which a batch can end.
 */
const COALESCED_SHARE = 1 / 8
/** Neighbouring entries are merged up to this number of blocks. */
const BLOCKS_PER_ENTRY_MAX = 16
/**
 * Neighbouring entries are merged if they came within this time. A merged entry has the time of its
 * first records, and keeps it when a batch has taken these. So the lag is wrong by at most this.
 */
const MERGED_WITHIN_MS = 10_000
const FIRST_PAUSE_MS = 10
const PAUSE_MS_MAX = 320

/** Records of a delivery, and its last position if the record there was rejected. */
interface DeliveredRecords {
  readonly records: readonly PositionedRecord[]
  readonly last?: string
}

/** The last position of a delivery. */
export const lastOf = ({ last, records }: DeliveredRecords): string =>
  last ?? records.at(-1)?.position ?? BEGINNING

/**
 * The pause after a collision: it doubles up to a limit, and each process takes another part of it,
 * by the random letters of its attempt id. Without that, those that collided collide again.
 */
export const pauseMs = (tries: number, attemptId: string): number => {
  const mostMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), PAUSE_MS_MAX)
  return (mostMs * (crc32(attemptId) % 1_000)) / 1_000
}

/** What a lane says of where its feeder goes on, after a delivery. */
export const feederAfter = (
  { feeder }: Pick<LaneDelivery, 'feeder'>,
  seen: Pick<Lane, 'feeder'> | undefined,
): string | undefined =>
  typeof feeder === 'function' ? feeder(seen?.feeder) : (feeder ?? seen?.feeder)

/** Whether records are in the order of their positions. */
export const isInOrder = (records: readonly PositionedRecord[]): boolean =>
  records.every(
    ({ position }, index) =>
      index === 0 || isAfter(position, (records[index - 1] as PositionedRecord).position),
  )

/** The entry of an append. `block`: holds its records, if there are any. */
export const entryOf = (
  records: readonly PositionedRecord[],
  block: BlockRef | undefined,
  rest: Pick<LaneEntry, 'last' | 'deadLetters' | 'receivedMs'>,
): LaneEntry => ({
  first: records[0]?.position ?? rest.last,
  count: records.length,
  bytes: block?.bytes ?? 0,
  ...rest,
  blocks:
    block === undefined
      ? []
      : [rest.deadLetters === 0 ? block : { ...block, rejected: rest.deadLetters }],
})

/**
 * Whether an entry may be merged with the last one before it (B8). Of a merged entry, a batch may
 * have taken the first blocks. Records that nobody could read, without a block that tells where
 * they are, would count in each part.
 */
export const fitsInto = (last: LaneEntry, entry: LaneEntry, limits: BatchLimits): boolean =>
  last.blocks.length > 0 &&
  entry.blocks.length > 0 &&
  last.count + entry.count <= (limits.recordsMin ?? limits.records) * COALESCED_SHARE &&
  last.bytes + entry.bytes <= limits.bytes * COALESCED_SHARE &&
  // Not only later ones: the clock of another process may be ahead.
  Math.abs(entry.receivedMs - last.receivedMs) <= MERGED_WITHIN_MS &&
  last.blocks.length + entry.blocks.length <= BLOCKS_PER_ENTRY_MAX

/** Merges two neighbouring entries. The lag counts from the first. */
export const coalesce = (a: LaneEntry, b: LaneEntry): LaneEntry => ({
  first: a.first,
  last: b.last,
  count: a.count + b.count,
  bytes: a.bytes + b.bytes,
  receivedMs: a.receivedMs,
  deadLetters: a.deadLetters + b.deadLetters,
  blocks: [...a.blocks, ...b.blocks],
})
