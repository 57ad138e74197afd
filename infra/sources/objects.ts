/** Objects of buckets as sources: notifications of new objects call intake through one queue. */
import { Duration } from 'aws-cdk-lib'
import { Aws } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Bucket, type CfnBucket, EventType, type LifecycleRule } from 'aws-cdk-lib/aws-s3'
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { MillraceError } from '../../lib/base/errors.ts'
import { TEXT } from '../../lib/dstream/sources/declaration.ts'
import { WHOLE_FILES } from '../../lib/dstream/sources/files.ts'
import { acknowledge } from '../acknowledge.ts'
import { deadLettersRule, oldMessageRule } from '../alarms.ts'
import { type AnyBucket, arnInBucket, bucketType, createBucket } from '../buckets.ts'
import type { KindParts, NamedPath } from '../deployed-kind.ts'
import { mapIntakeQueue } from '../event-sources.ts'
import { type KindGrants, POLL_QUEUE } from '../grants.ts'
import type { SourceSummary } from '../plan-summary.ts'
import { createIntakeQueue, type QueuePair } from '../queues.ts'
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

const grants = {
  notifications: { intake: [POLL_QUEUE] },
  objects: {
    driver: [{ by: 'code', actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'] }],
  },
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

/** S3 refuses two notifications whose prefixes overlap. The shorter one covers both. */
const withoutOverlaps = (prefixes: readonly string[]): readonly string[] => {
  const distinct = [...new Set(prefixes)]
  return distinct.filter(
    (prefix) => !distinct.some((other) => other !== prefix && prefix.startsWith(other)),
  )
}

/** Characters that a prefix may have unchanged in the settings of notifications. */
const PLAIN = /[^a-zA-Z0-9/!_.*'()-]/gu

/**
 * A prefix as S3 wants it in the settings of notifications: form-encoded. With a plain `day=1/`, S3
 * accepts the settings and sends nothing.
 *
 * Source: Amazon S3 User Guide, "Configuring event notifications using object key name filtering".
 */
const encodePrefix = (prefix: string): string =>
  prefix.replaceAll(PLAIN, (char) =>
    char === ' '
      ? '+'
      : [...Buffer.from(char)]
          .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
          .join(''),
  )

/**
 * Lets a bucket that this construct has created notify a queue, by a property of the bucket. The
 * CDK's own way adds a function with wide rights, which only buckets of others need.
 */
const notifyFromCreated = (bucket: Bucket, queue: Queue, prefixes: readonly string[]): void => {
  const sending = queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      // With the ARN of the bucket, the bucket and the policy would wait for each other.
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  )
  const resource = bucket.node.defaultChild as CfnBucket
  resource.notificationConfiguration = {
    queueConfigurations: prefixes.map((prefix) => ({
      event: 's3:ObjectCreated:*',
      queue: queue.queueArn,
      ...(prefix === ''
        ? {}
        : { filter: { s3Key: { rules: [{ name: 'prefix', value: encodePrefix(prefix) }] } } }),
    })),
  }
  if (sending.policyDependable !== undefined) resource.node.addDependency(sending.policyDependable)
}

const BASIC_POLICY = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'

/** Lets a bucket that somebody else created notify a queue. */
const notifyFromGiven = (
  scope: Construct,
  bucket: AnyBucket,
  queue: Queue,
  prefixes: readonly string[],
): void => {
  for (const prefix of prefixes)
    bucket.addEventNotification(
      EventType.OBJECT_CREATED,
      new SqsDestination(queue),
      ...(prefix === '' ? [] : [{ prefix: encodePrefix(prefix) }]),
    )
  const handlers = scope.node.root.node
    .findAll()
    .filter(({ node }) => node.id.startsWith('BucketNotificationsHandler'))
  for (const handler of handlers)
    acknowledge(
      handler,
      `AwsSolutions-IAM4[Policy::${BASIC_POLICY}]`,
      'The CDK makes this function. It sets the notifications of buckets that others created.',
    )
}

const notify = ({ scope, pool }: KindParts, watches: readonly Watch[], queue: Queue): void => {
  for (const group of Map.groupBy(watches, ({ bucket }) => bucket.bucketArn).values()) {
    const prefixes = withoutOverlaps(group.map(({ prefix }) => prefix))
    for (const { name, bucket } of group.slice(0, 1))
      if (!pool.isGiven(name) && bucket instanceof Bucket)
        notifyFromCreated(bucket, queue, prefixes)
      else notifyFromGiven(scope, bucket, queue, prefixes)
  }
}

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
    keys: watches.map(({ bucket }) => ({
      key: bucket.encryptionKey,
      role: 'driver',
      use: 'decrypt',
    })),
    commands: watches.map(({ name, bucket, prefix }) => ({
      id: `Drop-${name}-${prefix}`,
      value: `aws s3 cp FILE s3://${bucket.bucketName}/${prefix}`,
      description: `Drops a file: ${name}`,
    })),
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
