/**
 * Turns a Lambda event of a Kinesis stream into deliveries for lanes. Pure.
 *
 * An event is one batch of one shard, in the order of sequence numbers. This file does not rely on
 * that: it groups records by shard, sorts them, and removes duplicates. Repeated batches may
 * overlap; intake drops the records that it already has.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { StreamRecord } from '../../../ports/stream-reader.ts'
import type { LaneDelivery } from '../../intake/lane-delivery.ts'
import { shardDelivery, type ShardTarget } from './delivery.ts'
import { laneId } from './shards.ts'

/** A record of a Lambda event: the fields that are read. */
export interface KinesisEventRecord {
  /** `<shard id>:<sequence number>`: the only field that names the shard. */
  readonly eventID: string
  /** The stream, or a consumer of it. */
  readonly eventSourceARN: string
  readonly kinesis: {
    readonly partitionKey: string
    readonly sequenceNumber: string
    /** Base64. */
    readonly data: string
    /** In seconds, with a fraction. */
    readonly approximateArrivalTimestamp: number
  }
}

/** A Lambda event. */
export interface KinesisEvent {
  readonly Records?: readonly KinesisEventRecord[]
}

/** The source of a plan that gets the records. */
export interface KinesisTarget extends ShardTarget {
  /** When the stream was created. */
  readonly createdMs: number
}

/**
 * The deliveries of an event for a source: one for each shard, sorted by lane. None for an empty
 * event.
 */
export const kinesisDeliveries = (
  { Records = [] }: KinesisEvent,
  target: KinesisTarget,
): readonly LaneDelivery[] => {
  const lanes = Map.groupBy(Records, (record) => laneOf(record, target.createdMs))
  return [...lanes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([lane, records]) =>
      shardDelivery(
        lane,
        inOrder(records).map(({ kinesis }) => streamRecordOf(kinesis)),
        target,
      ),
    )
}

const laneOf = ({ eventID, eventSourceARN }: KinesisEventRecord, createdMs: number): string => {
  const shardId = /^(.+):\d+$/.exec(eventID)?.[1]
  if (shardId !== undefined) return laneId({ streamArn: eventSourceARN, createdMs, shardId })
  throw new MillraceError('EVENT_INVALID', {
    problem: 'A Kinesis event does not name the shard of a record',
    value: eventID,
    allowed: '<shard id>:<sequence number> as the eventID',
    fix: 'let only an event source mapping of a stream invoke this function',
  })
}

/**
 * Records in the order of the shard, without duplicates. Sequence numbers are compared as numbers,
 * because those of emulators have leading zeros and fewer digits. A map of them would be slow: V8
 * finds a bigint by its low 64 bits, in which many sequence numbers of a shard are equal.
 */
const inOrder = (records: readonly KinesisEventRecord[]): readonly KinesisEventRecord[] => {
  const numbered = records
    .map((record) => ({ number: BigInt(record.kinesis.sequenceNumber), record }))
    .toSorted((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0))
  // Of records with one number, the last one counts.
  return numbered
    .filter(({ number }, index) => numbered[index + 1]?.number !== number)
    .map(({ record }) => record)
}

const streamRecordOf = (kinesis: KinesisEventRecord['kinesis']): StreamRecord => ({
  sequenceNumber: kinesis.sequenceNumber,
  partitionKey: kinesis.partitionKey,
  data: Buffer.from(kinesis.data, 'base64'),
  arrivalMs: Math.round(kinesis.approximateArrivalTimestamp * 1_000),
})
