/**
 * Which lanes come before a lane, for the records of a key to stay in order when shards are split
 * and merged.
 */
import type { LaneParents } from '../../intake/intake.ts'
import type { StreamReader } from '../../../ports/stream-reader.ts'
import { shardOf } from './shards.ts'

/**
 * The lanes of the shards that a shard was made of. A lane that is no shard comes after nothing.
 *
 * `open` is called when a shard is met for the first time: nothing is loaded for it before.
 */
export const shardParents =
  (open: () => Promise<StreamReader>): LaneParents =>
  async (lane) => {
    const shard = shardOf(lane)
    if (shard === undefined) return []
    const parents = await (await open()).parents(shard)
    const stream = lane.slice(0, -shard.shardId.length)
    return parents.map((shardId) => stream + shardId).toSorted()
  }
