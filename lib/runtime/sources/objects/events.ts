/**
 * What S3 tells of its objects, as hints: straight from the bucket, or through EventBridge. Pure:
 * the text of a message in, hints out.
 *
 * Source for the shapes: Amazon S3 User Guide, "Event message structure" and "EventBridge event
 * message structure". In messages from the bucket the key is encoded as in forms; in those from
 * EventBridge it is plain.
 */
import type { PendingObject } from '../../../state/offsets.ts'

/** A hint with the bucket it is about. */
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

/** A key as it was before it was encoded as in a form: a plus sign is a space. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '))

/** A folder that a console has made: no object that anybody wrote. */
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
 * The hints in the text of one message. None for a test event, for the removal of an object, and
 * for anything else that speaks of no new object.
 *
 * @throws SyntaxError when the text is no JSON.
 */
export const notificationsIn = (message: string): readonly BucketNotification[] => {
  const event = JSON.parse(message) as BridgeEvent & { readonly Records?: readonly BucketRecord[] }
  const notifications =
    event.Records === undefined ? fromBridge(event) : event.Records.flatMap(fromBucket)
  return notifications.filter(({ key }) => !isFolder(key))
}
