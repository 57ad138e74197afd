/** The names of shards as lanes. */
import type { ShardAddress } from '../../../ports/stream-reader.ts'

/** Identifies a shard for ever. The ARN may also be the ARN of a consumer of the stream. */
export interface ShardName extends ShardAddress {
  /**
   * When the stream was created. A stream that is deleted and created again under the same name is
   * another stream, and counts from the beginning.
   */
  readonly createdMs: number
}

/**
 * The ARN of the stream: `arn:...:stream/NAME/consumer/CONSUMER:TIME` is a reader of
 * `arn:...:stream/NAME`, and reads the same shards.
 */
export const streamOf = (arn: string): string => arn.replace(/\/consumer\/.*$/, '')

/** The lane of a shard. It can be part of a sort key, because ARNs and shard ids contain no `#`. */
export const laneId = ({ streamArn, createdMs, shardId }: ShardName): string =>
  `${streamOf(streamArn)}@${createdMs}/${shardId}`

/** The shard of a lane. Undefined for a lane without a shard, such as a redrive lane. */
export const shardOf = (lane: string): ShardAddress | undefined => {
  const [, streamArn, shardId] = /^(arn:[^@]+)@\d+\/([^/]+)$/.exec(lane) ?? []
  return streamArn === undefined || shardId === undefined ? undefined : { streamArn, shardId }
}

/** The stream of a lane and its creation time. Undefined for a lane without a shard. */
const lifeOf = (lane: string): readonly [streamArn: string, createdMs: number] | undefined => {
  const [, streamArn, createdMs] = /^(arn:[^@]+)@(\d+)\/[^/]+$/.exec(lane) ?? []
  return streamArn === undefined ? undefined : [streamArn, Number(createdMs)]
}

/**
 * For each lane, the lanes of earlier streams with the same name, which were deleted before its
 * stream was created. Lanes without earlier ones are left out. There may be thousands of lanes, and
 * nearly always one life of their stream, so each lane is looked at once for each life.
 */
export const earlierLives = (lanes: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const lives = lanes.flatMap((lane) => {
    const life = lifeOf(lane)
    return life === undefined ? [] : [{ lane, streamArn: life[0], createdMs: life[1] }]
  })
  const earlier = new Map<string, readonly string[]>()
  for (const ofStream of Map.groupBy(lives, ({ streamArn }) => streamArn).values()) {
    const byLife = Map.groupBy(ofStream, ({ createdMs }) => createdMs)
    for (const [createdMs, ofLife] of byLife) {
      const before = byLife.size === 1 ? [] : ofStream.filter((one) => one.createdMs < createdMs)
      const names = before.map(({ lane }) => lane)
      if (names.length > 0) for (const { lane } of ofLife) earlier.set(lane, names)
    }
  }
  return earlier
}
