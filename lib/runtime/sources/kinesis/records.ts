/**
 * Turns a record of a stream into records of its lane. Unpacks a record into which a producer has
 * packed several. The result is the same for a record from an event and for a record that was read
 * again, so that a lost block can be made again (B7).
 */
import type { KinesisRecord } from '../../../dstream/sources/kinesis.ts'
import type { StreamRecord } from '../../../ports/stream-reader.ts'
import { userRecords } from './aggregated.ts'
import { positionOf } from './positions.ts'

/**
 * The elements that a source makes from the records of a stream: strings, or {@link
 * KinesisRecord}s.
 */
export type KinesisElements = 'text' | 'records'

/** Whether a record arrived before the time at which its source starts. Undefined: none is. */
export const isTooOld = (
  { arrivalMs }: Pick<StreamRecord, 'arrivalMs'>,
  startMs: number | undefined,
): boolean => startMs !== undefined && arrivalMs < startMs

/**
 * A user record with its position. `element`: the element that the pipeline sees. Undefined: the
 * source reads text, and the bytes are not UTF-8.
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

/** The lane records in one record of a stream. None for an empty aggregate. */
export const laneRecords = (
  { sequenceNumber, partitionKey, data, arrivalMs }: StreamRecord,
  elements: KinesisElements,
): readonly LaneRecord[] => {
  // An event brings a Buffer, and the stream itself bytes: they must give the same block (B7).
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const users = userRecords(bytes) ?? [{ partitionKey, data: bytes }]
  return users.map((user, subSequenceNumber) => ({
    position: positionOf(sequenceNumber, subSequenceNumber),
    element:
      elements === 'text'
        ? textOf(user.data)
        : { ...user, sequenceNumber, subSequenceNumber, arrivalTime: new Date(arrivalMs) },
    data: user.data,
  }))
}
