/**
 * Turns Lambda events of a topic into deliveries for lanes.
 *
 * An event has records of some partitions, in the order of their offsets. This file does not rely
 * on that. Lambda delivers an event again until it is taken, and after a rebalance from its last
 * commit on. Offsets that are there already are dropped (B1).
 *
 * Nothing in an event tells a topic from an earlier one of the same name, whose offsets it uses
 * again. So each lane notes the greatest timestamp that it has had. A record that seems to be there
 * already, and is newer than that, was never there: then the topic is another one.
 */
import { greatestOf } from '../../../base/extremes.ts'
import { MillraceError } from '../../../base/errors.ts'
import type { TopicRecord } from '../../../ports/topic-reader.ts'
import type { Lane } from '../../../state/lanes.ts'
import type {
  BoundSource,
  EventContent,
  EventReader,
  PlatformEvent,
  PositionedAppend,
} from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'
import type { PartitionName } from './lanes.ts'
import { kafkaDelivery, positionOf, targetOf } from './records.ts'
import { isAfter } from '../../../state/lane-entries.ts'

/** A topic, and where it is. */
export interface KafkaLocation extends Location {
  readonly kind: 'kafka'
  /** Left out: the declaration says it. */
  readonly topic?: string
  /** Brokers as HOST:PORT, with commas between. Left out: it is a cluster whose events come. */
  readonly brokers?: string
  /** The ARN of the cluster, or the brokers of a cluster that AWS does not manage. */
  readonly cluster?: string
}

/** A record of an event: the fields that are read. */
export interface KafkaEventRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Base64. */
  readonly key?: string | null
  readonly value?: string | null
  /** Each with one name. Bytes are numbers, which may be signed. */
  readonly headers?: readonly Readonly<Record<string, readonly number[] | null>>[] | null
}

/** A Lambda event. */
export interface KafkaEvent extends PlatformEvent {
  readonly eventSource: string
  /** Left out: AWS does not manage the cluster. */
  readonly eventSourceArn?: string
  readonly bootstrapServers?: string
  /** By topic and partition. */
  readonly records: Readonly<Record<string, readonly object[]>>
}

const isKafkaEvent = (event: PlatformEvent): event is KafkaEvent =>
  'eventSource' in event &&
  /kafka$/i.test(String(event.eventSource)) &&
  'records' in event &&
  typeof event.records === 'object' &&
  event.records !== null

const isRecord = (record: object): record is KafkaEventRecord =>
  'topic' in record &&
  typeof record.topic === 'string' &&
  'partition' in record &&
  Number.isSafeInteger(record.partition) &&
  'offset' in record &&
  Number.isSafeInteger(record.offset)

const bytesOf = (base64: string | null | undefined): Uint8Array | null =>
  typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null

const headersOf = (given: KafkaEventRecord['headers']): TopicRecord['headers'] =>
  (given ?? []).flatMap((one) =>
    Object.entries(one).map(
      ([name, bytes]) => [name, bytes && Uint8Array.from(bytes, (byte) => byte & 0xff)] as const,
    ),
  )

const topicRecordOf = (record: KafkaEventRecord): TopicRecord => ({
  offset: record.offset,
  timestampMs: typeof record.timestamp === 'number' ? record.timestamp : -1,
  key: bytesOf(record.key),
  value: bytesOf(record.value),
  headers: headersOf(record.headers),
})

/** The records of an event by topic and partition, sorted, each offset once. */
const partitionsIn = ({ records }: KafkaEvent): readonly (readonly KafkaEventRecord[])[] => {
  const all = Object.values(records)
    .flat()
    .map((record) => {
      if (isRecord(record)) return record
      throw new MillraceError('EVENT_INVALID', {
        problem: 'An event of a topic contains a record without topic, partition or offset',
        value: record,
        fix: 'let only event source mappings of topics invoke this function',
      })
    })
  return [...Map.groupBy(all, ({ topic, partition }) => `${topic}-${partition}`).values()]
    .map((ofOne) => [...new Map(ofOne.map((record) => [record.offset, record])).values()])
    .map((ofOne) => ofOne.toSorted((a, b) => a.offset - b.offset))
}

const serversIn = (text = ''): readonly string[] => text.split(',').toSorted()

const comesFrom = (
  { eventSourceArn, bootstrapServers }: KafkaEvent,
  { location }: BoundSource<KafkaLocation>,
): boolean => {
  if (eventSourceArn !== undefined) return eventSourceArn === location.cluster
  return serversIn(bootstrapServers).join() === serversIn(location.cluster).join()
}

/**
 * The topic that a source reads: that of its location, or that of its declaration, which may be the
 * name of the source.
 */
export const topicOf = ({ declared, location }: BoundSource<KafkaLocation>): string => {
  const { settings = {}, name = '' } = declared
  return location.topic ?? (settings['topic'] as string | undefined) ?? name
}

/** Tells clusters apart in names of lanes: the end of an ARN is unique. */
const idOf = ({ eventSourceArn }: KafkaEvent): string =>
  eventSourceArn?.split('/').at(-1) ?? 'cluster'

/** Several sources may read one topic. Each has its own lanes. */
const readersOf = (
  event: KafkaEvent,
  topic: string,
  sources: readonly BoundSource<KafkaLocation>[],
): readonly BoundSource<KafkaLocation>[] => {
  const ofTopic = sources.filter((source) => topicOf(source) === topic)
  const exact = ofTopic.filter((source) => comesFrom(event, source))
  // The brokers of a cluster change. So their names count only if topics of one name have several.
  const isOne = new Set(ofTopic.map(({ location }) => location.cluster)).size === 1
  const readers = exact.length > 0 || event.eventSourceArn !== undefined || !isOne ? exact : ofTopic
  if (readers.length > 0) return readers
  throw new MillraceError('EVENT_INVALID', {
    problem: 'Records arrived from a topic to which no source of the pipeline is bound',
    value: `${topic} of ${event.eventSourceArn ?? event.bootstrapServers ?? 'a cluster'}`,
    allowed: sources.map((source) => `${topicOf(source)} of ${source.location.cluster}`).join(', '),
    fix: 'remove the event source mapping of the topic from this function, or bind a source to it',
  })
}

/** What a lane notes: the greatest timestamp that it has had. */
const noteOf = (before: string | undefined, records: readonly TopicRecord[]): string =>
  String(greatestOf([Number(before ?? -1), ...records.map(({ timestampMs }) => timestampMs)]))

const checkSame = (
  name: PartitionName,
  records: readonly TopicRecord[],
  { tail, feeder }: Pick<Lane, 'tail' | 'feeder'>,
): void => {
  if (feeder === undefined) return
  const other = records.find(
    ({ offset, timestampMs }) => !isAfter(positionOf(offset), tail) && timestampMs > Number(feeder),
  )
  if (other === undefined) return
  throw new MillraceError('STREAM_REPLACED', {
    problem:
      'The topic was deleted and created again: a record with an offset that was read before is ' +
      'newer than all that were read',
    value: `offset ${other.offset} of partition ${name.partition} of ${name.topic}`,
    fix:
      `count up: kafka('${name.topic}', { recreated: ${name.life + 1} }), and deploy. ` +
      'Until then the records wait in the topic',
    retryable: true,
  })
}

const appendOf = (
  event: KafkaEvent,
  { topic, partition }: KafkaEventRecord,
  records: readonly TopicRecord[],
  { source, declared }: BoundSource<KafkaLocation>,
): PositionedAppend => {
  const life = Number(declared.settings?.['recreated'] ?? 0)
  const name = { topic, life, id: idOf(event), partition }
  return {
    source,
    delivery: {
      ...kafkaDelivery(targetOf(source, declared), { name, records }),
      feeder: (before) => noteOf(before, records),
      beforeDropping: async (seen) => checkSame(name, records, seen),
    },
  }
}

/** Reads the events of topics. */
export const kafkaEvents: EventReader<KafkaLocation> = {
  claims: (event) => isKafkaEvent(event),
  async read(event, sources): Promise<EventContent> {
    if (!isKafkaEvent(event)) return { appends: [] }
    const appends = partitionsIn(event).flatMap((records) => {
      const first = records[0] as KafkaEventRecord
      const read = records.map(topicRecordOf)
      return readersOf(event, first.topic, sources).map((reader) =>
        appendOf(event, first, read, reader),
      )
    })
    return { appends }
  },
}
