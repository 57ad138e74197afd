/** A lost block is made again from the shard that its records came from (B7). */
import type { StreamReader } from '../../../ports/stream-reader.ts'
import type { PositionedRecord } from '../../../state/blocks.ts'
import { isAfter } from '../../../state/lanes.ts'
import type { Replay } from '../lanes/lost-blocks.ts'
import { sequenceNumberOf } from './positions.ts'
import { type KinesisElements, laneRecords } from './records.ts'
import { shardOf } from './shards.ts'

/** What to read with. */
export interface ShardReplayParts {
  readonly elements: KinesisElements
  /** Opened when a block is lost, which is hardly ever: nothing is loaded for it before. */
  readonly open: () => Promise<StreamReader>
}

/**
 * Reads the records of a range of positions again, as intake took them in: packed records apart,
 * and without those that are no text, which were put aside then. Of a lane that is no shard there
 * are none.
 */
export const shardReplay =
  ({ elements, open }: ShardReplayParts): Replay =>
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
      .flatMap((record) => laneRecords(record, elements))
      .filter(
        ({ position, element }) =>
          element !== undefined && !isAfter(first, position) && !isAfter(position, last),
      )
      .map(({ position, element }): PositionedRecord => ({ position, record: element }))
  }
