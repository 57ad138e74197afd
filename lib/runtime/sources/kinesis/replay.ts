/** Makes a lost block again from the shard of its records (B7). */
import type { StreamReader } from '../../../ports/stream-reader.ts'
import type { PositionedRecord } from '../../../state/blocks.ts'
import { isAfter } from '../../../state/lane-entries.ts'
import type { Replay } from '../lanes/lost-blocks.ts'
import { sequenceNumberOf } from './positions.ts'
import { isTooOld, type KinesisElements, laneRecords } from './records.ts'
import { shardOf } from './shards.ts'

/** What a replay needs. */
export interface ShardReplayParts {
  readonly elements: KinesisElements
  /** Intake has left out what arrived before. Undefined: nothing. */
  readonly startMs?: number | undefined
  /** Called when a block is lost, which is rare. Nothing is loaded before. */
  readonly open: () => Promise<StreamReader>
}

/**
 * Reads the records of a range of positions again, just as intake read them: unpacked, and without
 * records that are not text, which intake put aside. For a lane without a shard, there are none.
 */
export const shardReplay =
  ({ elements, startMs, open }: ShardReplayParts): Replay =>
  async (lane, { first, last }) => {
    const shard = shardOf(lane)
    if (shard === undefined) return []
    const reader = await open()
    const found = await reader.read({
      ...shard,
      first: sequenceNumberOf(first),
      last: sequenceNumberOf(last),
    })
    return found
      .filter((record) => !isTooOld(record, startMs))
      .flatMap((record) => laneRecords(record, elements))
      .filter(
        ({ position, element }) =>
          element !== undefined && !isAfter(first, position) && !isAfter(position, last),
      )
      .map(({ position, element }): PositionedRecord => ({ position, record: element }))
  }
