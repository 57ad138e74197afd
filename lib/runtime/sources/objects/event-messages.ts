/**
 * Turns events with notifications into appends. A notification usually comes as a message of a
 * queue. Then a message that cannot be read comes again by itself, and the others are taken. SNS,
 * EventBridge and S3 may also invoke the function directly. Then the whole event is one message.
 */
import { asMillraceError } from '../../../base/errors.ts'
import { isWatchedKey } from '../../../ports/object-names.ts'
import { kindLane } from '../../../state/lanes.ts'
import type { PendingObject } from '../../../state/offsets.ts'
import type {
  BoundSource,
  EventContent,
  EventReader,
  PlatformEvent,
  RefusedMessage,
  TailAppend,
} from '../../intake/event-reader.ts'
import type { Location } from '../../locations.ts'
import { type BucketNotification, notificationsIn, notificationsOf } from './events.ts'

/** A bucket, or a part of one. */
export interface ObjectsLocation extends Location {
  readonly kind: 'objects'
  readonly bucket: string
  /** The prefix of the watched keys. Empty: the whole bucket. */
  readonly prefix: string
  /** The queue of its notifications. Left out: any queue. */
  readonly queueArn?: string
}

/** The lane of notifications. Each source has one. It contains no records. */
export const NOTIFICATION_LANE: string = kindLane('notifications')

/** A message of a queue, as a function receives it. */
interface QueueMessage {
  readonly messageId?: string
  readonly eventSourceARN?: string
  readonly body: string
}

/** A message of SNS, as a function receives it that is subscribed itself. */
interface TopicMessage {
  readonly Sns: { readonly Message: string }
}

const isMessage = (record: object): record is QueueMessage =>
  'body' in record && typeof record.body === 'string'

const isTopicMessage = (record: object): record is TopicMessage =>
  'Sns' in record &&
  typeof record.Sns === 'object' &&
  record.Sns !== null &&
  'Message' in record.Sns &&
  typeof record.Sns.Message === 'string'

/** Whether an event comes from the queue of a source. */
const isFromQueue = (
  [first]: readonly object[],
  sources: readonly BoundSource<ObjectsLocation>[],
): boolean => {
  if (first === undefined || !isMessage(first)) return false
  const { eventSourceARN: arn } = first
  return sources.some(
    ({ location: { queueArn } }) => queueArn === undefined || arn === undefined || queueArn === arn,
  )
}

/** Whether S3, SNS or EventBridge invoked the function itself. */
const isDirect = (event: PlatformEvent): boolean => {
  const { Records: [first] = [] } = event
  return first === undefined ? 'detail-type' in event : 's3' in first || isTopicMessage(first)
}

/** What the messages of an event say, in their order. */
interface ReadMessages {
  readonly found: readonly BucketNotification[]
  readonly refused: readonly RefusedMessage[]
}

const readQueue = (records: readonly object[]): ReadMessages => {
  const found: BucketNotification[] = []
  const refused: RefusedMessage[] = []
  for (const { messageId, body } of records.filter(isMessage)) {
    try {
      for (const notification of notificationsIn(body)) found.push(notification)
    } catch (error) {
      // Without an id, nobody can ask for this message alone.
      if (messageId === undefined) throw error
      const problem = 'A message could not be read'
      refused.push({ messageId, error: asMillraceError(error, 'EVENT_INVALID', { problem }) })
    }
  }
  return { found, refused }
}

const readDirect = (event: PlatformEvent): ReadMessages => {
  const topic = (event.Records ?? []).filter(isTopicMessage)
  const found =
    topic.length > 0
      ? topic.flatMap(({ Sns: { Message: text } }) => notificationsIn(text))
      : notificationsOf(event)
  return { found, refused: [] }
}

/** Leaves out objects that no source watches: the notifications of a bucket may cover more. */
const appendsFor = (
  { source, location: { bucket, prefix } }: BoundSource<ObjectsLocation>,
  found: readonly BucketNotification[],
): readonly TailAppend[] => {
  const records = found
    .filter((one) => one.bucket === bucket && isWatchedKey(one.key, prefix))
    .map((one): PendingObject => {
      const { bucket: _, ...object } = one
      return object
    })
  return records.length === 0 ? [] : [{ source, lane: NOTIFICATION_LANE, records }]
}

/** Reads the notifications of buckets. */
export const notificationEvents: EventReader<ObjectsLocation> = {
  claims: (event, sources) => isFromQueue(event.Records ?? [], sources) || isDirect(event),
  async read(event, sources): Promise<EventContent> {
    const { found, refused } = isDirect(event) ? readDirect(event) : readQueue(event.Records ?? [])
    return { appends: sources.flatMap((bound) => appendsFor(bound, found)), refused }
  },
}
