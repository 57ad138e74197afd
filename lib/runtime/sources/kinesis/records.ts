/**
 * From a record of a stream to the records of its lane: taken apart where a producer has packed
 * several into it, each with its position. The same whether the record came in an event or was read
 * again, so that a lost block can be made once more (B7).
 */
import type { KinesisRecord } from '../../../dstream/sources/kinesis.ts'
import type { StreamRecord } from '../../../ports/stream-reader.ts'
import { userRecords } from './aggregated.ts'
import { positionOf } from './positions.ts'

/** What a source makes of the records of a stream: strings, or {@link KinesisRecord}s. */
export type KinesisElements = 'text' | 'records'

/**
 * What a user put, with its place. `element`: as the pipeline sees it; undefined when text was
 * asked for and these bytes are none.
 */
export interface LaneRecord {
  readonly position: string
  readonly element: string | KinesisRecord | undefined
  readonly data: Uint8Array
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const textOf = (data: Uint8Array): string | undefined => {
  try {
    return utf8.decode(data)
  } catch {
    return undefined
  }
}

/**
 * The records of a lane that one record of the stream holds: none for an aggregate with nothing in
 * it.
 */
export const laneRecords = (
  { sequenceNumber, partitionKey, data, arrivalMs }: StreamRecord,
  elements: KinesisElements,
): readonly LaneRecord[] => {
  const users = userRecords(data) ?? [{ partitionKey, data: new Uint8Array(data) }]
  return users.map((user, subSequenceNumber) => ({
    position: positionOf(sequenceNumber, subSequenceNumber),
    element:
      elements === 'text'
        ? textOf(user.data)
        : { ...user, sequenceNumber, subSequenceNumber, arrivalTime: new Date(arrivalMs) },
    data: user.data,
  }))
}
