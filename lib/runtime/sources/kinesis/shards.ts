/** Shards as lanes: their names. */
import type { ShardAddress } from '../../../ports/stream-reader.ts'

/** What names a shard for ever. The ARN may also be that of a consumer of the stream. */
export interface ShardName extends ShardAddress {
  /**
   * When the stream was created: one deleted and made again under the same name is another, and
   * counts from the beginning.
   */
  readonly createdMs: number
}

/**
 * The ARN of the stream: `arn:...:stream/NAME/consumer/CONSUMER:TIME` is a reader of
 * `arn:...:stream/NAME`, and reads the same shards.
 */
export const streamOf = (arn: string): string => arn.replace(/\/consumer\/.*$/, '')

/** The lane of a shard. Fit for a sort key: an ARN and the id of a shard hold no `#`. */
export const laneId = ({ streamArn, createdMs, shardId }: ShardName): string =>
  `${streamOf(streamArn)}@${createdMs}/${shardId}`

/**
 * The shard that a lane is of; undefined for a lane that is none, such as one of records that are
 * sent again by hand.
 */
export const shardOf = (lane: string): ShardAddress | undefined => {
  const [, streamArn, shardId] = /^(arn:[^@]+)@\d+\/([^/]+)$/.exec(lane) ?? []
  return streamArn === undefined || shardId === undefined ? undefined : { streamArn, shardId }
}

/** The stream of a lane and when it was created; undefined for a lane that is no shard. */
const lifeOf = (lane: string): readonly [streamArn: string, createdMs: number] | undefined => {
  const [, streamArn, createdMs] = /^(arn:[^@]+)@(\d+)\/[^/]+$/.exec(lane) ?? []
  return streamArn === undefined ? undefined : [streamArn, Number(createdMs)]
}

/**
 * Those of some lanes that hold an earlier life of the lane's stream, which was deleted and made
 * again under its name.
 */
export const earlierLives = (lane: string, lanes: readonly string[]): readonly string[] => {
  const life = lifeOf(lane)
  return life === undefined
    ? []
    : lanes.filter((other) => {
        const [streamArn, createdMs = Infinity] = lifeOf(other) ?? []
        return streamArn === life[0] && createdMs < life[1]
      })
}
