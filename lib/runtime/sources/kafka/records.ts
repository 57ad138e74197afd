/**
 * Turns records of a partition into a delivery for its lane. The same for records of an event and
 * for records that a consumer has read.
 */
import { KAFKA_RECORDS, type KafkaRecord } from '../../../dstream/sources/kafka.ts'
import type { SourceDeclaration } from '../../../dstream/sources/declaration.ts'
import type { TopicRecord } from '../../../ports/topic-reader.ts'
import type { PositionedRecord } from '../../../state/blocks.ts'
import type { DeadLetter } from '../../../state/dead-letters.ts'
import type { LaneDelivery } from '../../intake/lane-delivery.ts'
import { laneOf, type PartitionName } from './lanes.ts'

/** The source of a plan that gets the records. */
export interface KafkaTarget {
  /** The id of the source node. */
  readonly source: string
  readonly elements: 'text' | 'records'
  /** Records with an earlier timestamp are left out. Undefined: none. */
  readonly startMs: number | undefined
}

/** What a declaration says of the records that it wants. */
export const targetOf = (
  source: string,
  { elements, settings = {} }: SourceDeclaration,
): KafkaTarget => ({
  source,
  elements: elements === KAFKA_RECORDS ? 'records' : 'text',
  startMs: typeof settings['startMs'] === 'number' ? settings['startMs'] : undefined,
})

/**
 * The position of an offset: two more. A lane in which nothing was read yet can say so then, by a
 * tail of 1: the next offset is 0. A lane with the tail 0 is not there.
 */
export const positionOf = (offset: number): string => String(offset + 2)

/** The tail of a lane whose partition has been read up to an offset. */
export const tailBefore = (next: number): string => positionOf(next - 1)

/** The next offset after a tail. */
export const nextAfter = (tail: string): number => Number(tail) - 1

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** An event brings Buffers, and so does a consumer. Elements have plain bytes. */
const plain = (bytes: Uint8Array | null): Uint8Array | null =>
  bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const recordOf = (
  { topic, partition }: PartitionName,
  { offset, timestampMs, key, value, headers }: TopicRecord,
): KafkaRecord => ({
  key: plain(key),
  value: plain(value),
  headers: headers.map(([name, bytes]) => [name, plain(bytes)] as const),
  topic,
  partition,
  offset,
  timestamp: new Date(timestampMs),
})

/** A record that gives no text. */
const refused = (source: string, place: string, { offset, value }: TopicRecord): DeadLetter => {
  const data = plain(value) ?? new Uint8Array()
  const common = { source, position: place, data, sizeBytes: data.byteLength }
  return value === null
    ? {
        ...common,
        code: 'RECORD_WITHOUT_VALUE',
        message: `The record at offset ${offset} has no value; kafkaRecords() gives such records`,
      }
    : {
        ...common,
        code: 'LINE_NOT_UTF8',
        message: `The value at offset ${offset} is not valid UTF-8`,
      }
}

/** Records of one partition, in the order of their offsets. */
export interface PartitionRecords {
  readonly name: PartitionName
  readonly records: readonly TopicRecord[]
  /** The next offset to be read. Default: the one after the last record. */
  readonly next?: number
}

/** The delivery for the lane of a partition. */
export const kafkaDelivery = (
  { source, elements, startMs = -Infinity }: KafkaTarget,
  { name, records, next = (records.at(-1)?.offset ?? -1) + 1 }: PartitionRecords,
): LaneDelivery => {
  const lane = laneOf(name)
  const good: PositionedRecord[] = []
  const rejected: DeadLetter[] = []
  for (const record of records) {
    if (record.timestampMs < startMs) continue
    const position = positionOf(record.offset)
    const text = record.value === null ? undefined : textOf(record.value)
    if (elements === 'records') good.push({ position, record: recordOf(name, record) })
    else if (text !== undefined) good.push({ position, record: text })
    else rejected.push(refused(source, `${lane}#${position}`, record))
  }
  return { lane, records: good, rejected, last: tailBefore(next) }
}
