import { isWatchedKey } from '../lib/adapters/object-names.ts'
import type { Plan } from '../lib/dstream/plan.ts'
import { type BucketNotification, notificationsIn } from '../lib/runtime/sources/objects/events.ts'
import type { ObjectNotification } from '../lib/runtime/sources/objects/notifications.ts'
import type { SourceNotifications } from '../lib/runtime/intake/intake-handler.ts'
import type { SourceBinding } from './environment.ts'

/** A source that reads objects of a bucket. Several may read the same one. */
export interface ObjectTarget {
  /** The id of the source node. */
  readonly source: string
  readonly bucket: string
  readonly prefix: string
}

/** An event of a queue that holds notifications of buckets. */
export interface NotificationEvent {
  readonly Records: readonly { readonly eventSource: 'aws:sqs'; readonly body: string }[]
}

/** The sources of a plan that are bound to buckets. */
export const objectTargets = (
  plan: Plan,
  bindings: ReadonlyMap<string, SourceBinding>,
): readonly ObjectTarget[] =>
  plan.sources.flatMap(({ id }) => {
    const binding = bindings.get(id)
    return binding?.kind === 'objects'
      ? [{ source: id, bucket: binding.bucket, prefix: binding.prefix }]
      : []
  })

/** What an event hints at for each source. An object that no source watches is nobody's: notifications of a bucket may cover more. */
export const notificationsFor = (
  { Records }: NotificationEvent,
  targets: readonly ObjectTarget[],
): readonly SourceNotifications[] => {
  const notifications = Records.flatMap(({ body }) => notificationsIn(body))
  return targets.flatMap((target) => {
    const found = notifications
      .filter(({ bucket, key }) => bucket === target.bucket && isWatchedKey(key, target.prefix))
      .map(withoutBucket)
    return found.length === 0 ? [] : [{ source: target.source, notifications: found }]
  })
}

const withoutBucket = ({ key, version, eventMs }: BucketNotification): ObjectNotification => ({
  key,
  eventMs,
  ...(version === undefined ? {} : { version }),
})
