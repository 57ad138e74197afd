/**
 * Reads notifications of S3, directly from a bucket or through EventBridge. Pure: from the text of
 * a message to notifications.
 *
 * Source for the shapes: Amazon S3 User Guide, "Event message structure" and "EventBridge event
 * message structure". In messages from the bucket, the key is form-encoded. In messages from
 * EventBridge, it is plain.
 */
import type { PendingObject } from '../../../state/offsets.ts'

/** A notification with its bucket. */
export interface BucketNotification extends PendingObject {
  readonly bucket: string
}

interface BucketRecord {
  readonly eventName?: string
  readonly eventTime?: string
  readonly s3?: {
    readonly bucket: { readonly name: string }
    readonly object: { readonly key: string; readonly versionId?: string }
  }
}

interface BridgeEvent {
  readonly 'detail-type'?: string
  readonly time?: string
  readonly detail?: {
    readonly bucket: { readonly name: string }
    readonly object: { readonly key: string; readonly 'version-id'?: string }
  }
}

/** Decodes a form-encoded key: a plus sign is a space. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '))

/** Whether a key is a folder that a console has created. It is not an object with data. */
const isFolder = (key: string): boolean => key.endsWith('/')

const withVersion = (version: string | undefined): { readonly version?: string } =>
  version === undefined ? {} : { version }

const fromBucket = ({
  eventName = '',
  eventTime = '',
  s3,
}: BucketRecord): readonly BucketNotification[] => {
  if (s3 === undefined || !eventName.startsWith('ObjectCreated:')) return []
  const { key, versionId } = s3.object
  return [
    {
      bucket: s3.bucket.name,
      key: decodeKey(key),
      eventMs: Date.parse(eventTime),
      ...withVersion(versionId),
    },
  ]
}

const fromBridge = ({
  time = '',
  detail,
  ...event
}: BridgeEvent): readonly BucketNotification[] => {
  if (detail === undefined || event['detail-type'] !== 'Object Created') return []
  const { key, 'version-id': version } = detail.object
  return [{ bucket: detail.bucket.name, key, eventMs: Date.parse(time), ...withVersion(version) }]
}

/**
 * The notifications in the text of one message. None for a test event, for the removal of an
 * object, and for any other message without a new object.
 *
 * @throws SyntaxError when the text is not JSON.
 */
export const notificationsIn = (message: string): readonly BucketNotification[] => {
  const event = JSON.parse(message) as BridgeEvent & { readonly Records?: readonly BucketRecord[] }
  const notifications =
    event.Records === undefined ? fromBridge(event) : event.Records.flatMap(fromBucket)
  return notifications.filter(({ key }) => !isFolder(key))
}
