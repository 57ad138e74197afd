/**
 * Reads notifications of S3: directly from a bucket, through EventBridge, and either of them in an
 * envelope of SNS. Pure: from a message to notifications. A message that is not understood is
 * refused, because it may speak of a new object.
 *
 * Source for the shapes: Amazon S3 User Guide, "Event message structure" and "EventBridge event
 * message structure"; Amazon SNS Developer Guide, "Message and JSON formats". In messages from the
 * bucket, the key is form-encoded. In messages from EventBridge, it is plain.
 */
import { MillraceError } from '../../../base/errors.ts'
import type { PendingObject } from '../../../state/offsets.ts'

/** A notification with its bucket. */
export interface BucketNotification extends PendingObject {
  readonly bucket: string
}

type Fields = Readonly<Record<string, unknown>>

/** S3 to SNS, and SNS to SNS, are as deep as envelopes are in practice. */
const ENVELOPES_MAX = 3

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}

const refused = (problem: string, value: unknown, cause?: unknown): MillraceError =>
  new MillraceError('EVENT_INVALID', {
    problem,
    value,
    allowed:
      'notifications of S3, directly from a bucket or through EventBridge, also in an envelope ' +
      'of SNS',
    fix: 'correct what sends the message; the object is found by the next listing',
    ...(cause === undefined ? {} : { cause }),
  })

/** Decodes a form-encoded key: a plus sign is a space. */
const decodeKey = (key: string): string => {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch (error) {
    throw refused('The key in a notification is not form-encoded', key, error)
  }
}

/** Whether a key is a folder that a console has created. It is not an object with data. */
const isFolder = (key: string): boolean => key.endsWith('/')

/** Without a time of its own, the modification time of the object counts. */
const timeOf = (time: unknown): number => {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN
  return Number.isNaN(ms) ? 0 : ms
}

const nonEmpty = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const notificationOf = (
  message: Fields,
  named: {
    readonly bucket: unknown
    readonly key: unknown
    readonly version: unknown
    readonly isCopy: boolean
  },
  eventMs: number,
): BucketNotification => {
  const [bucket, key] = [nonEmpty(named.bucket), nonEmpty(named.key)]
  if (bucket === undefined || key === undefined)
    throw refused('A notification does not name its bucket and its object', message)
  const version = nonEmpty(named.version)
  return {
    bucket,
    key,
    eventMs,
    ...(version === undefined ? {} : { version }),
    ...(named.isCopy ? { isCopy: true } : {}),
  }
}

/** Emulators of S3 write the name of an event with its prefix. */
const CREATED = /^(?:s3:)?ObjectCreated:/

const fromBucket = (record: unknown): readonly BucketNotification[] => {
  const fields = fieldsOf(record)
  const name = nonEmpty(fields['eventName'])
  const s3 = fieldsOf(fields['s3'])
  if (name === undefined || !('s3' in fields))
    throw refused('A record of a notification is not of S3', record)
  if (!CREATED.test(name)) return []
  const { key, versionId: version } = fieldsOf(s3['object'])
  const { name: bucket } = fieldsOf(s3['bucket'])
  const plain = typeof key === 'string' ? decodeKey(key) : key
  const isCopy = name.endsWith(':Copy')
  const named = { bucket, key: plain, version, isCopy }
  return [notificationOf(fields, named, timeOf(fields['eventTime']))]
}

const fromBridge = (message: Fields): readonly BucketNotification[] => {
  const { 'detail-type': type, source, time } = message
  const isOfS3 = typeof type === 'string' && type.startsWith('Object ')
  if (!isOfS3 || (source !== undefined && source !== 'aws.s3'))
    throw refused('An event of EventBridge is not of an object in S3', message)
  if (type !== 'Object Created') return []
  const detail = fieldsOf(message['detail'])
  const { key, 'version-id': version } = fieldsOf(detail['object'])
  const { name: bucket } = fieldsOf(detail['bucket'])
  const isCopy = detail['reason'] === 'CopyObject'
  return [notificationOf(message, { bucket, key, version, isCopy }, timeOf(time))]
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused('A message is not JSON', text, error)
  }
}

/**
 * The notifications in a message. None for a test event, for the removal of an object, and for any
 * other event of S3 without a new object.
 *
 * @throws MillraceError `EVENT_INVALID` when the message is anything else.
 */
export const notificationsOf = (message: unknown, depth = 0): readonly BucketNotification[] => {
  const fields = fieldsOf(message)
  const { Records: records, Type: envelope, Message: inner } = fields
  if (Array.isArray(records)) return records.flatMap(fromBucket).filter(({ key }) => !isFolder(key))
  if (fields['Event'] === 's3:TestEvent') return []
  if ('detail-type' in fields) return fromBridge(fields).filter(({ key }) => !isFolder(key))
  if (envelope === 'Notification' && typeof inner === 'string' && depth < ENVELOPES_MAX)
    return notificationsIn(inner, depth + 1)
  throw refused('A message is not a notification of S3', message)
}

/**
 * The notifications in the text of a message.
 *
 * @throws MillraceError `EVENT_INVALID` as {@link notificationsOf}, and when it is not JSON.
 */
export const notificationsIn = (text: string, depth = 0): readonly BucketNotification[] =>
  notificationsOf(parse(text), depth)
