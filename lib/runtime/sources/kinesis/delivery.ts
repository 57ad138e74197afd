/** Makes the delivery for the lane of a shard: the same from an event and from the stream. */
import type { StreamRecord } from '../../../ports/stream-reader.ts'
import type { PositionedRecord } from '../../../state/blocks.ts'
import type { DeadLetter } from '../../../state/dead-letters.ts'
import type { LaneDelivery } from '../../intake/lane-delivery.ts'
import { positionOf } from './positions.ts'
import { isTooOld, type KinesisElements, laneRecords } from './records.ts'

/** The source of a plan that gets the records. */
export interface ShardTarget {
  /** The id of the source node. */
  readonly source: string
  readonly elements: KinesisElements
  /** Records that arrived before this time are left out. Default: none. */
  readonly startMs?: number | undefined
}

/** The delivery of records of one shard, which are in its order. */
export const shardDelivery = (
  lane: string,
  read: readonly StreamRecord[],
  { source, elements, startMs }: ShardTarget,
): LaneDelivery => {
  const records: PositionedRecord[] = []
  const rejected: DeadLetter[] = []
  let last = ''
  for (const record of read) {
    const found = isTooOld(record, startMs) ? [] : laneRecords(record, elements)
    // An aggregate may be empty, and a record too old. Their positions count as consumed.
    last = found.at(-1)?.position ?? positionOf(record.sequenceNumber)
    for (const { position, element, data } of found) {
      if (element === undefined) rejected.push(notUtf8(source, `${lane}#${position}`, data))
      else records.push({ position, record: element })
    }
  }
  return { lane, records, rejected, last }
}

const notUtf8 = (source: string, position: string, data: Uint8Array): DeadLetter => ({
  source,
  position,
  code: 'LINE_NOT_UTF8',
  message: 'The record is not valid UTF-8',
  data,
  sizeBytes: data.byteLength,
})
