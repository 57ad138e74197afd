/**
 * From a Lambda event of a Kinesis stream to deliveries for lanes. Pure: what an event says, in the
 * words of intake.
 *
 * An event is one batch of one shard in the order of its sequence numbers. Nothing here relies on
 * that: records are put into the lane of their shard and into order, and one that is there twice
 * counts once. Batches overlap when they are repeated; intake drops what it has.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { StreamRecord } from '../../../ports/stream-reader.ts'
import type { DeadLetter } from '../../../state/dead-letters.ts'
import type { PositionedRecord } from '../../../state/blocks.ts'
import type { LaneDelivery } from '../../intake/intake.ts'
import { positionOf } from './positions.ts'
import { type KinesisElements, laneRecords } from './records.ts'
import { laneId } from './shards.ts'

/** A record of a Lambda event, as much of it as is read. */
export interface KinesisEventRecord {
  /** `<shard id>:<sequence number>`: the only place that names the shard. */
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

/** Which source of a plan the records are for. */
export interface KinesisTarget {
  /** The id of the source node. */
  readonly source: string
  readonly elements: KinesisElements
  /** When the stream was created. */
  readonly createdMs: number
}

/**
 * What an event brings for a source: a delivery for each shard in it, by lane. None for an empty
 * event.
 */
export const kinesisDeliveries = (
  { Records = [] }: KinesisEvent,
  target: KinesisTarget,
): readonly LaneDelivery[] => {
  const lanes = Map.groupBy(Records, (record) => laneOf(record, target.createdMs))
  return [...lanes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([lane, records]) => deliveryOf(lane, inOrder(records), target))
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
 * In the order of the shard, each once. Sequence numbers are compared as numbers: emulators' have
 * leading zeros, and fewer digits.
 */
const inOrder = (records: readonly KinesisEventRecord[]): readonly KinesisEventRecord[] => {
  const byNumber = new Map(records.map((record) => [BigInt(record.kinesis.sequenceNumber), record]))
  return [...byNumber].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record)
}

const deliveryOf = (
  lane: string,
  events: readonly KinesisEventRecord[],
  { source, elements }: KinesisTarget,
): LaneDelivery => {
  const records: PositionedRecord[] = []
  const rejected: DeadLetter[] = []
  let last = ''
  for (const { kinesis } of events) {
    // An aggregate may hold nothing, and is done with all the same.
    last = positionOf(kinesis.sequenceNumber)
    for (const { position, element, data } of laneRecords(streamRecordOf(kinesis), elements)) {
      last = position
      if (element === undefined) rejected.push(notUtf8(source, `${lane}#${position}`, data))
      else records.push({ position, record: element })
    }
  }
  return { lane, records, rejected, last }
}

const streamRecordOf = (kinesis: KinesisEventRecord['kinesis']): StreamRecord => ({
  sequenceNumber: kinesis.sequenceNumber,
  partitionKey: kinesis.partitionKey,
  data: Buffer.from(kinesis.data, 'base64'),
  arrivalMs: Math.round(kinesis.approximateArrivalTimestamp * 1_000),
})

const notUtf8 = (source: string, position: string, data: Uint8Array): DeadLetter => ({
  source,
  position,
  code: 'LINE_NOT_UTF8',
  message: 'The record is not valid UTF-8',
  data,
  sizeBytes: data.byteLength,
})
