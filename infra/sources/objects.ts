/** Objects of buckets as sources: notifications of new objects call intake through one queue. */
import { Duration } from 'aws-cdk-lib'
import type { Bucket, LifecycleRule } from 'aws-cdk-lib/aws-s3'
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { MillraceError } from '../../lib/base/errors.ts'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { WHOLE_FILES } from '../../lib/dstream/sources/files.ts'
import { deadLettersRule, oldMessageRule } from '../alarms.ts'
import { type AnyBucket, arnInBucket, bucketType, createBucket } from '../buckets.ts'
import type { Command, KindParts, NamedPath } from '../deployed-kind.ts'
import { mapIntakeQueue } from '../event-sources.ts'
import { type Grant, type KindGrants, POLL_QUEUE } from '../grants.ts'
import type { SourceSummary } from '../plan-summary.ts'
import { createIntakeQueue, type QueuePair } from '../queues.ts'
import { naturalWay, notifyBy, withoutOverlaps } from '../bucket-notifications.ts'
import { type DeployedSources, registerSourceKind, type SourceNeed } from './source-kind.ts'

declare module '../alarm-settings.ts' {
  interface AlarmSettings {
    readonly notificationsAge?: AlarmTuning
    readonly notificationsDeadLetters?: AlarmTuning
  }
}

declare module '../deployed-kind.ts' {
  interface SharedResources {
    notifications: QueuePair
  }
}

/** A notification that waits for so long was refused several times, or intake is not called. */
const NOTIFICATION_AGE_MAX = Duration.minutes(15)

const READ: Grant = {
  by: 'code',
  actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'],
}

const grants = {
  notifications: { intake: [POLL_QUEUE] },
  objects: { driver: [READ], executor: [READ] },
} satisfies KindGrants

const S3_URI = /^s3:\/\/([^/]+)(?:\/(.*))?$/s
const ANY_URI = /^[a-z][a-z0-9+.-]+:/i

/** A path is a directory: `in` stands for all that is in it, and not for `in-between.txt`. */
const directoryPath = (path: string): string =>
  path === '' || path.endsWith('/') ? path : `${path}/`

const locate = ({ id, name = id, literal = '' }: SourceSummary): NamedPath => {
  const [, bucket, path = ''] = S3_URI.exec(literal) ?? []
  if (bucket !== undefined) return { name: bucket, path: directoryPath(path) }
  if (!ANY_URI.test(literal)) return { name, path: '' }
  throw new MillraceError('BINDING_MISSING', {
    problem: 'A function on AWS cannot read files there',
    value: literal,
    allowed: 's3://NAME/PATH, or a name; both can be bound to a bucket',
    fix: `bind it to a bucket: { '${name}': bucket }`,
  })
}

/** A source, and the bucket that it watches. */
interface Watch {
  readonly id: string
  readonly name: string
  readonly bucket: AnyBucket
  readonly prefix: string
}

/**
 * Versions that were replaced go after this time. Until then, a batch that waits still finds them,
 * and so does a redrive.
 */
const OLD_VERSIONS_KEPT = Duration.days(30)

const EXPIRE_OLD_VERSIONS: LifecycleRule = {
  id: 'expire-old-versions',
  noncurrentVersionExpiration: OLD_VERSIONS_KEPT,
  expiredObjectDeleteMarker: true,
}

/** A created bucket keeps versions: an object that is replaced before it is read is still there. */
const watchBucket = (
  { name, path, source: { id } }: SourceNeed,
  { scope, pool, storage }: KindParts,
): Watch => {
  const create = (): Bucket =>
    createBucket(scope, `Bucket-${name}`, storage, {
      versioned: true,
      lifecycleRules: [EXPIRE_OLD_VERSIONS],
    })
  return { id, name, bucket: pool.obtain(bucketType, name, create), prefix: path }
}

const notify = (
  { scope, pool, notifications }: KindParts,
  watches: readonly Watch[],
  queue: Queue,
): void => {
  const destination = new SqsDestination(queue)
  for (const group of Map.groupBy(watches, ({ bucket }) => bucket.bucketArn).values()) {
    const prefixes = withoutOverlaps(group.map(({ prefix }) => prefix))
    for (const { name, bucket } of group.slice(0, 1)) {
      const isCreated = !pool.isGiven(name)
      const watched = { scope, name, bucket, isCreated, queue, destination, prefixes }
      notifyBy(notifications ?? naturalWay(scope, bucket), watched)
    }
  }
}

/** What is left to the owner of a bucket that tells nobody of new objects by itself. */
const wiring = (
  { pool, notifications }: KindParts,
  { name, bucket, prefix }: Watch,
  { queueArn }: Queue,
): readonly Command[] =>
  notifications === 'none' && pool.isGiven(name)
    ? [
        {
          id: `Wire-${name}-${prefix}`,
          value: `s3:ObjectCreated:* of s3://${bucket.bucketName}/${prefix} to ${queueArn}`,
          description: `Send these notifications, also through SNS or EventBridge: ${name}`,
        },
      ]
    : []

const deploy = (needs: readonly SourceNeed[], parts: KindParts): DeployedSources => {
  const { scope, intervalMs, intakeTimeout } = parts
  const watches = needs.map((need) => watchBucket(need, parts))
  // The objects stay, but only the notification says that they are new.
  const notifications = createIntakeQueue(scope, 'Notifications', intakeTimeout)
  const { queue } = notifications
  notify(parts, watches, queue)
  return {
    locations: Object.fromEntries(
      watches.map(({ id, bucket: { bucketName: bucket }, prefix }) => [
        id,
        { kind: 'objects', bucket, prefix, queueArn: queue.queueArn },
      ]),
    ),
    reaches: [
      { grants: grants.notifications, arnOf: () => queue.queueArn },
      ...watches.map(({ bucket, prefix }) => ({
        grants: grants.objects,
        arnOf: arnInBucket(bucket, prefix),
      })),
    ],
    keys: watches.flatMap(({ bucket: { encryptionKey: key } }) => [
      { key, role: 'driver', use: 'decrypt' },
      { key, role: 'executor', use: 'decrypt' },
    ]),
    commands: watches.flatMap((watch) => [
      {
        id: `Drop-${watch.name}-${watch.prefix}`,
        value: `aws s3 cp FILE s3://${watch.bucket.bucketName}/${watch.prefix}`,
        description: `Drops a file: ${watch.name}`,
      },
      ...wiring(parts, watch, queue),
    ]),
    shared: { notifications },
    connect: (intake) => ({
      mappings: [mapIntakeQueue(scope, 'NotificationsMapping', intake, queue, intervalMs)],
      alarms: [
        deadLettersRule('Notifications', notifications),
        oldMessageRule('Notifications', notifications, NOTIFICATION_AGE_MAX),
      ],
    }),
  }
}

registerSourceKind({
  name: 'objects',
  type: bucketType,
  gives: [TEXT, WHOLE_FILES],
  declaredKind: 'files',
  locate,
  grants,
  packages: ['@aws-sdk/client-s3'],
  deploy,
})
