import type { StreamReader } from '../../../ports/stream-reader.ts'
import type { Caller } from '../calls.ts'
import { bytesOf, type SimulatedStream } from '../cloud/stream.ts'

/**
 * The access of one process to the streams as they are now. A stream that was made again under the
 * same name is read like the one before.
 */
export const simulatedStreamReader = (
  streams: () => readonly SimulatedStream[],
  call: Caller,
): StreamReader => {
  const shardOf = (streamArn: string, shardId: string) =>
    streams()
      .find(({ arn }) => arn === streamArn)
      ?.shards.find(({ id }) => id === shardId)
  return {
    read: ({ streamArn, shardId, first, last }) =>
      call({
        name: `read shard ${shardId}`,
        effect: async () => {
          const shard = shardOf(streamArn, shardId)
          const kept = shard?.records.slice(shard.trimmed) ?? []
          return kept
            .filter(
              ({ sequenceNumber }) =>
                sequenceNumber >= BigInt(first) && sequenceNumber <= BigInt(last),
            )
            .map(({ sequenceNumber, key, text, arrivalMs }) => ({
              sequenceNumber: String(sequenceNumber),
              partitionKey: key,
              data: bytesOf(text),
              arrivalMs,
            }))
        },
      }),
    parents: ({ streamArn, shardId }) =>
      call({
        name: `list shards for ${shardId}`,
        effect: async () => shardOf(streamArn, shardId)?.parents ?? [],
      }),
  }
}
