/** Who calls the functions: streams, buckets, queues and the clock. */
import { Aws, Duration } from 'aws-cdk-lib'
import { Effect, type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import { type Bucket, type CfnBucket, EventType } from 'aws-cdk-lib/aws-s3'
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications'
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler'
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { acknowledge } from './acknowledge.ts'
import type { AnyBucket, AnyStream } from './bindings.ts'
import type { Worker } from './functions.ts'

const WINDOW_S_MAX = 5

/** Long enough to fill a batch of records, short enough that half a batch interval is left to run it. In whole seconds, as Lambda has it. */
export const windowSeconds = (intervalMs: number): number =>
  Math.min(WINDOW_S_MAX, Math.floor(intervalMs / 2_000))

/** What a stream is read with. */
export interface StreamMapping {
  readonly stream: AnyStream
  readonly startFrom: 'trimHorizon' | number
  readonly intervalMs: number
  readonly discards: AnyBucket
}

/** A stream calls intake. Every property is written out: each default of Lambda's that would lose records is not ours. */
export const mapStream = (
  scope: Construct,
  id: string,
  { function: worker, policy }: Worker,
  mapping: StreamMapping,
): CfnEventSourceMapping => {
  const { stream, startFrom, intervalMs, discards } = mapping
  const created = new CfnEventSourceMapping(scope, id, {
    functionName: worker.functionName,
    eventSourceArn: stream.streamArn,
    batchSize: 10_000,
    maximumBatchingWindowInSeconds: windowSeconds(intervalMs),
    // One feeder for each lane, or the slower half of a shard is dropped as redelivered (B1).
    parallelizationFactor: 1,
    // For ever: what throttles today would be lost tomorrow. Poison is put aside by intake itself (B9).
    maximumRetryAttempts: -1,
    maximumRecordAgeInSeconds: -1,
    bisectBatchOnFunctionError: false,
    // Never LATEST, which misses what comes while the mapping is made.
    ...(startFrom === 'trimHorizon'
      ? { startingPosition: 'TRIM_HORIZON' }
      : { startingPosition: 'AT_TIMESTAMP', startingPositionTimestamp: startFrom / 1_000 }),
    destinationConfig: { onFailure: { destination: discards.bucketArn } },
    metricsConfig: { metrics: ['EventCount'] },
  })
  // Lambda looks at once whether the role may read.
  created.node.addDependency(policy)
  return created
}

/** A queue calls a function. */
export const mapQueue = (
  scope: Construct,
  id: string,
  { function: worker, policy }: Worker,
  settings: {
    readonly queue: IQueue
    readonly batchSize: number
    readonly windowS: number
    readonly concurrency?: number
  },
): CfnEventSourceMapping => {
  const { queue, batchSize, windowS, concurrency } = settings
  const created = new CfnEventSourceMapping(scope, id, {
    functionName: worker.functionName,
    eventSourceArn: queue.queueArn,
    batchSize,
    maximumBatchingWindowInSeconds: windowS,
    ...(concurrency === undefined ? {} : { scalingConfig: { maximumConcurrency: concurrency } }),
  })
  created.node.addDependency(policy)
  return created
}

/** Each minute a tick, always: it makes up for every tick that was lost. */
export const createSchedule = (scope: Construct, app: string, queue: IQueue): CfnSchedule => {
  const role: IRole = new Role(scope, 'ClockRole', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    description: `Sends the ticks of ${app}`,
  })
  role.addToPrincipalPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
    }),
  )
  return new CfnSchedule(scope, 'Clock', {
    description: `Calls the driver of ${app} each minute`,
    scheduleExpression: 'rate(1 minute)',
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: queue.queueArn,
      roleArn: role.roleArn,
      input: JSON.stringify({ app, scheduleMinute: true }),
      // A tick that is late by more than a minute has been overtaken by the next.
      retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 3 },
    },
  })
}

const NOTIFICATION_EVENTS = 's3:ObjectCreated:*'

/**
 * New objects of a bucket that this construct has created are told to a queue by the bucket's own property. (The CDK's way brings a function
 * of its own, with wide rights, which is only needed for buckets that others created.)
 */
export const notifyOwn = (bucket: Bucket, queue: Queue, prefixes: readonly string[]): void => {
  const sending = queue.addToResourcePolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      principals: [new ServicePrincipal('s3.amazonaws.com')],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      // Not the bucket's ARN: bucket and policy would wait for each other.
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  )
  const resource = bucket.node.defaultChild as CfnBucket
  resource.notificationConfiguration = {
    queueConfigurations: prefixes.map((prefix) => ({
      event: NOTIFICATION_EVENTS,
      queue: queue.queueArn,
      ...(prefix === ''
        ? {}
        : { filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } } }),
    })),
  }
  if (sending.policyDependable !== undefined) resource.node.addDependency(sending.policyDependable)
}

const BASIC_POLICY_RULE =
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]'

/** New objects of a bucket that somebody else created. */
export const notifyTheirs = (
  bucket: AnyBucket,
  queue: Queue,
  prefixes: readonly string[],
  scope: Construct,
): void => {
  for (const prefix of prefixes)
    bucket.addEventNotification(
      EventType.OBJECT_CREATED,
      new SqsDestination(queue),
      ...(prefix === '' ? [] : [{ prefix }]),
    )
  const handlers = scope.node.root.node
    .findAll()
    .filter(({ node }) => node.id.startsWith('BucketNotificationsHandler'))
  for (const handler of handlers)
    acknowledge(
      handler,
      BASIC_POLICY_RULE,
      'The CDK makes this function, which sets the notifications of buckets that others created',
    )
}

/** How long hints are kept: longer than any outage that somebody notices. */
export const NOTIFICATION_RETENTION: Duration = Duration.days(14)
