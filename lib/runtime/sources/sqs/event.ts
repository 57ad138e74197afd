/**
 * Turns an event of an SQS queue into appends. An event contains messages of one queue, in the
 * order in which SQS delivered them. Intake appends every delivery, also a repeated one: the reader
 * of the source decides in each batch which deliveries count.
 */
import { MillraceError } from '../../../base/errors.ts'
import { kindLane } from '../../../state/lanes.ts'
import type { BoundSource, EventContent, EventReader } from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'

/** A queue. */
export interface SqsLocation extends Location {
  readonly kind: 'sqs'
  readonly queueArn: string
}

/** A message as it is stored in the lane. */
export interface SqsMessage {
  /** The id that SQS gives: unique, and the same in each delivery of the message. */
  readonly id: string
  readonly body: string
}

/** A message as a function receives it. */
export interface SqsEventRecord {
  readonly eventSource: 'aws:sqs'
  readonly eventSourceARN: string
  readonly messageId: string
  readonly body: string
}

/** The lane of messages. Each source has one. Any number of invocations append to it. */
export const MESSAGE_LANE: string = kindLane('messages')

const comesFromSqs = (
  record: object,
): record is Pick<SqsEventRecord, 'eventSource' | 'eventSourceARN'> =>
  'eventSource' in record &&
  record.eventSource === 'aws:sqs' &&
  'eventSourceARN' in record &&
  typeof record.eventSourceARN === 'string'

const isMessage = (record: object): record is SqsEventRecord =>
  comesFromSqs(record) &&
  'messageId' in record &&
  typeof record.messageId === 'string' &&
  record.messageId !== '' &&
  'body' in record &&
  typeof record.body === 'string'

/**
 * The messages in the records of an event, as they are stored in the lane.
 *
 * @throws MillraceError `EVENT_INVALID` when a record is not a message of the queue.
 */
export const messagesIn = (records: readonly object[], queueArn: string): readonly SqsMessage[] =>
  records.map((record) => {
    if (isMessage(record) && record.eventSourceARN === queueArn)
      return { id: record.messageId, body: record.body }
    throw new MillraceError('EVENT_INVALID', {
      problem: 'An event of an SQS queue contains a record that is not a message of the queue',
      value: record,
      allowed: `{ eventSourceARN: '${queueArn}', messageId: '...', body: '...' }`,
      fix: 'let only the event source mapping of the queue invoke this function',
    })
  })

const queueOf = ([first]: readonly object[]): string | undefined =>
  first !== undefined && comesFromSqs(first) ? first.eventSourceARN : undefined

const readersOf = (
  queueArn: string | undefined,
  sources: readonly BoundSource<SqsLocation>[],
): readonly BoundSource<SqsLocation>[] =>
  sources.filter(({ location }) => location.queueArn === queueArn)

/** Other kinds have queues too, so only the ARN shows to which source an event belongs. */
export const sqsEvents: EventReader<SqsLocation> = {
  claims: ({ Records = [] }, sources) => readersOf(queueOf(Records), sources).length > 0,
  async read({ Records = [] }, sources): Promise<EventContent> {
    const readers = readersOf(queueOf(Records), sources)
    return {
      appends: readers.map(({ source, location }) => ({
        source,
        lane: MESSAGE_LANE,
        records: messagesIn(Records, location.queueArn),
      })),
    }
  },
}
