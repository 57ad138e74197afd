/**
 * The parents of lanes. They keep the records of a key in order when shards are split and merged.
 */
import type { LaneParents } from '../../intake/ancestors.ts'
import type { StreamReader } from '../../../ports/stream-reader.ts'
import { shardOf } from './shards.ts'

/**
 * The lanes of the shards that were split or merged into a shard. A lane without a shard has no
 * parents.
 *
 * `open` is called for the first new shard. Nothing is loaded before.
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
