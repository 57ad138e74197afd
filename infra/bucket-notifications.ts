/** How a watched bucket tells a queue of new objects. */
import { Aws, CfnResource, Stack } from 'aws-cdk-lib'
import { CfnRule } from 'aws-cdk-lib/aws-events'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Bucket,
  type CfnBucket,
  EventType,
  type IBucketNotificationDestination,
} from 'aws-cdk-lib/aws-s3'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { AnyBucket } from './buckets.ts'

/** A bucket, and where its notifications go. */
export interface WatchedBucket {
  readonly scope: Construct
  /** Its name in the pipeline. */
  readonly name: string
  readonly bucket: AnyBucket
  /** Whether this construct has created the bucket, for itself alone. */
  readonly isCreated: boolean
  readonly queue: Queue
  /** The queue, as the CDK's buckets want it. */
  readonly destination: IBucketNotificationDestination
  readonly prefixes: readonly string[]
}

/** S3 refuses two notifications whose prefixes overlap. The shorter one covers both. */
export const withoutOverlaps = (prefixes: readonly string[]): readonly string[] => {
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
const notifyFromGiven = ({ scope, bucket, destination, prefixes }: WatchedBucket): void => {
  for (const prefix of prefixes)
    bucket.addEventNotification(
      EventType.OBJECT_CREATED,
      destination,
      ...(prefix === '' ? [] : [{ prefix: encodePrefix(prefix) }]),
    )
  acknowledgeHandlers(scope)
}

const acknowledgeHandlers = (scope: Construct): void => {
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

/** The longest that EventBridge tries to deliver an event. The hourly listing finds the rest. */
const EVENT_AGE_MAX_S = 86_400
const TRIES_MAX = 185

/**
 * Lets a bucket tell EventBridge, which tells the queue by a rule of this stack. A bucket may have
 * any number of rules beside other notifications, and needs to know nothing of who listens.
 */
const notifyThroughBridge = (watched: WatchedBucket): void => {
  const { scope, name, bucket, isCreated, queue, prefixes } = watched
  if (isCreated) {
    const resource = bucket.node.defaultChild as CfnBucket
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } }
  } else {
    bucket.enableEventBridgeNotification()
    acknowledgeHandlers(scope)
  }
  const rule = new CfnRule(scope, `Created-${name}`, {
    description: `New objects of ${name}`,
    eventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [bucket.bucketName] },
        ...(prefixes.includes('')
          ? {}
          : { object: { key: prefixes.map((prefix) => ({ prefix })) } }),
      },
    },
    targets: [
      {
        id: 'Notifications',
        arn: queue.queueArn,
        retryPolicy: { maximumEventAgeInSeconds: EVENT_AGE_MAX_S, maximumRetryAttempts: TRIES_MAX },
      },
    ],
  })
  queue.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('events.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
    }),
  )
}

/** Whoever may bring notifications that the owner of a bucket has wired. */
const BRINGERS = ['s3.amazonaws.com', 'sns.amazonaws.com', 'events.amazonaws.com']

/** Lets the owner of a bucket of this account wire its notifications to the queue. */
const letOthersNotify = (queue: Queue): void => {
  queue.addToResourcePolicy(
    new PolicyStatement({
      sid: 'WiredByOthers',
      principals: BRINGERS.map((service) => new ServicePrincipal(service)),
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  )
}

/**
 * How buckets notify. `direct`: S3 itself, which refuses two notifications of one bucket whose
 * prefixes overlap. `eventbridge`: through EventBridge. `none`: as their owner has wired them.
 */
export type NotificationWay = 'direct' | 'eventbridge' | 'none'

/** Lets a bucket notify a queue. */
export const notifyBy = (way: NotificationWay, watched: WatchedBucket): void => {
  const { bucket, isCreated, queue, prefixes } = watched
  if (way === 'eventbridge') notifyThroughBridge(watched)
  else if (way === 'none' && !isCreated) letOthersNotify(queue)
  else if (isCreated && bucket instanceof Bucket) notifyFromCreated(bucket, queue, prefixes)
  else notifyFromGiven(watched)
}

/**
 * The way that works by itself. A bucket of another stack of the program cannot name the queue: the
 * two stacks would wait for each other.
 */
export const naturalWay = (scope: Construct, { node }: AnyBucket): NotificationWay => {
  const { defaultChild: resource } = node
  const isElsewhere = CfnResource.isCfnResource(resource) && Stack.of(resource) !== Stack.of(scope)
  return isElsewhere ? 'eventbridge' : 'direct'
}
