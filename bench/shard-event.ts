/** Lambda events with records of a shard, for benchmarks with streams of many shards. */
import type { KinesisEvent } from '../lib/runtime/sources/kinesis/event.ts'
import { STREAM } from './aws/clicks.ts'

/** The first sequence number of a stream. The upper bits of a sequence number are a count. */
export const FIRST_SEQUENCE = 49_590_338_271_490_256_608n * 10n ** 36n
export const COUNT_BITS = 76n
const SHARD_DIGITS = 12

/** A record of an event. */
export interface ShardRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  /** Its bytes in base64. */
  readonly data: string
  readonly atMs: number
}

/** An event with records of one shard, in their order. */
export const shardEventOf = (
  shard: number,
  count: number,
  recordAt: (index: number) => ShardRecord,
): KinesisEvent => {
  const shardId = `shardId-${String(shard).padStart(SHARD_DIGITS, '0')}`
  return {
    Records: Array.from({ length: count }, (_, index) => {
      const { sequenceNumber, partitionKey, data, atMs } = recordAt(index)
      return {
        eventID: `${shardId}:${sequenceNumber}`,
        eventSourceARN: STREAM,
        kinesis: { partitionKey, sequenceNumber, data, approximateArrivalTimestamp: atMs / 1_000 },
      }
    }),
  }
}
