/** Shards as lanes: their names, and the order that their lineage puts them in. */
import type { ShardAddress } from '../../ports/stream-reader.ts'

/** What names a shard for ever. The ARN may also be that of a consumer of the stream. */
export interface ShardName extends ShardAddress {
  /** When the stream was created: one deleted and made again under the same name is another, and counts from the beginning. */
  readonly createdMs: number
}

/** The ARN of the stream: `arn:...:stream/NAME/consumer/CONSUMER:TIME` is a reader of `arn:...:stream/NAME`, and reads the same shards. */
export const streamOf = (arn: string): string => arn.replace(/\/consumer\/.*$/, '')

/** The lane of a shard. Fit for a sort key: an ARN and the id of a shard hold no `#`. */
export const laneId = ({ streamArn, createdMs, shardId }: ShardName): string => `${streamOf(streamArn)}@${createdMs}/${shardId}`

/** The shard that a lane is of; undefined for a lane that is none, such as one of records that are sent again by hand. */
export const shardOf = (lane: string): ShardAddress | undefined => {
  const [, streamArn, shardId] = /^(arn:[^@]+)@\d+\/([^/]+)$/.exec(lane) ?? []
  return streamArn === undefined || shardId === undefined ? undefined : { streamArn, shardId }
}

/** A shard as Kinesis lists it. A parent that has expired may no longer be in the list. */
export interface Shard {
  readonly ShardId: string
  readonly ParentShardId?: string
  /** The second parent, where two shards were merged. */
  readonly AdjacentParentShardId?: string
}

/** The shards that must be drained before this one, for a key's records to stay in order. */
export const parentsOf = ({ ParentShardId, AdjacentParentShardId }: Shard): readonly string[] =>
  [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined)

/** All shards, parents before their children, and by id where lineage says nothing (B3). */
export const shardOrder = <S extends Shard>(shards: readonly S[]): readonly S[] => {
  const byId = new Map(shards.map((shard) => [shard.ShardId, shard]))
  const ordered = new Set<S>()
  const visit = (shard: S): void => {
    if (ordered.has(shard)) return
    for (const parent of parentsOf(shard).toSorted()) {
      const found = byId.get(parent)
      if (found !== undefined) visit(found)
    }
    ordered.add(shard)
  }
  shards.toSorted((a, b) => (a.ShardId < b.ShardId ? -1 : 1)).forEach(visit)
  return [...ordered]
}
