/** How messages of a bucket reach intake: as they were sent, or as users report that they come. */
import type { Delivery } from './place.ts'

interface Message {
  readonly Records?: readonly {
    readonly eventName: string
    readonly eventTime: string
    readonly s3: {
      readonly bucket: { readonly name: string }
      readonly object: { readonly key: string; readonly versionId?: string }
    }
  }[]
}

const MALFORMED: readonly string[] = ['hello', 'null', '{"Records":[{"s3":1}]}']

const inTopic = (body: string): string =>
  JSON.stringify({ Type: 'Notification', TopicArn: 'arn:aws:sns:x', Message: body })

/** A message of S3 in the form of EventBridge, where keys are plain. */
const throughBridge = (body: string): readonly string[] =>
  ((JSON.parse(body) as Message).Records ?? []).map(({ eventName, eventTime, s3 }) => {
    const { bucket, object } = s3
    const isCreated = /^(?:s3:)?ObjectCreated:/.test(eventName)
    const key = decodeURIComponent(object.key.replaceAll('+', ' '))
    const reason = eventName.endsWith(':Copy') ? 'CopyObject' : 'PutObject'
    return JSON.stringify({
      source: 'aws.s3',
      'detail-type': isCreated ? 'Object Created' : 'Object Deleted',
      time: eventTime,
      detail: { bucket, object: { key, 'version-id': object.versionId }, reason },
    })
  })

/** The events of intake, each with the bodies of its messages. */
export const deliveries = (
  bodies: readonly string[],
  how: Delivery,
): readonly (readonly string[])[] => {
  if (bodies.length === 0 || how === 'never') return []
  if (how === 'twice') return [bodies, bodies]
  if (how === 'in reverse order') return bodies.toReversed().map((body) => [body])
  if (how === 'beside malformed ones') return [[...MALFORMED, ...bodies]]
  if (how === 'wrapped by SNS') return [bodies.map(inTopic)]
  if (how === 'through EventBridge') return [bodies.flatMap(throughBridge)]
  return [bodies]
}
