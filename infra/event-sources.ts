/** What calls the functions besides sources of data: queues, and the clock. */
import { Aws, type CfnElement } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler'
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { hash } from 'node:crypto'
import type { Worker } from './functions.ts'

const WINDOW_S_MAX = 5

/**
 * How long Lambda collects records before it calls intake, in whole seconds. Long enough to collect
 * many, and short enough to leave half of the batch interval for running the batch.
 */
export const windowSeconds = (intervalMs: number): number =>
  Math.min(WINDOW_S_MAX, Math.floor(intervalMs / 2_000))

/**
 * Finishes a mapping. Lambda refuses a second one of the same source and function, and
 * CloudFormation makes a new one before it deletes the old one. So its logical id says nothing but
 * what it maps: no new name in a pipeline makes another one.
 */
export const settleMapping = (
  mapping: CfnEventSourceMapping,
  { function: worker, policy }: Worker,
  sourceArn: string,
): CfnEventSourceMapping => {
  const { stack } = mapping
  const id = stack.getLogicalId(worker.node.defaultChild as CfnElement)
  const source = JSON.stringify(stack.resolve(sourceArn))
  mapping.overrideLogicalId(`${id}Mapping${hash('sha256', source).slice(0, HASH_DIGITS)}`)
  // Lambda checks the rights of the role when the mapping is made.
  mapping.node.addDependency(policy)
  return mapping
}

const HASH_DIGITS = 12

/** How messages are handed to a function. */
export interface QueueMapping {
  readonly queue: IQueue | Queue
  readonly batchSize: number
  /** How long Lambda collects messages, in seconds. */
  readonly windowS: number
  /** The most environments that work on messages at a time. Left out: as many as there can be. */
  readonly concurrency?: number
  /** Whether the function may name messages in its answer that must come again by themselves. */
  readonly partial?: boolean
}

/** Lets a queue call a function. A message is deleted when the call with it has succeeded. */
export const mapQueue = (
  scope: Construct,
  id: string,
  worker: Worker,
  { queue, batchSize, windowS, concurrency, partial = false }: QueueMapping,
): CfnEventSourceMapping => {
  const mapping = new CfnEventSourceMapping(scope, id, {
    functionName: worker.function.functionName,
    eventSourceArn: queue.queueArn,
    batchSize,
    maximumBatchingWindowInSeconds: windowS,
    ...(concurrency === undefined ? {} : { scalingConfig: { maximumConcurrency: concurrency } }),
    ...(partial ? { functionResponseTypes: ['ReportBatchItemFailures'] } : {}),
  })
  return settleMapping(mapping, worker, queue.queueArn)
}

const DRIVERS_MAX = 2

/** Lets the queue of triggers call the driver, and the clock send one each minute. */
export const callDriver = (scope: Construct, app: string, driver: Worker, queue: IQueue): void => {
  const settings = { queue, batchSize: 10, windowS: 0, concurrency: DRIVERS_MAX }
  mapQueue(scope, 'TriggersMapping', driver, settings)
  createSchedule(scope, app, queue)
}

/** Batches of more than ten messages need a window. */
const WINDOW_S_MIN = 1
const MESSAGES_MAX = 1_000
/** Lambda takes no more from a queue that keeps order, and does not collect its messages. */
const FIFO_MESSAGES_MAX = 10
/**
 * All messages of a queue go to one lane, one append after the other. So more environments would
 * wait for each other. Five of them append up to 5,000 messages in about the time of one call.
 */
const INTAKE_CONCURRENCY = 5

/** Lets a queue call intake. */
export const mapIntakeQueue = (
  scope: Construct,
  id: string,
  intake: Worker,
  queue: IQueue | Queue,
  intervalMs: number,
): CfnEventSourceMapping => {
  const windowS = Math.max(WINDOW_S_MIN, windowSeconds(intervalMs))
  const size = queue.fifo
    ? { batchSize: FIFO_MESSAGES_MAX, windowS: 0 }
    : { batchSize: MESSAGES_MAX, windowS }
  return mapQueue(scope, id, intake, {
    queue,
    ...size,
    concurrency: INTAKE_CONCURRENCY,
    partial: true,
  })
}

/** Sends a trigger each minute, always. It makes up for any trigger that was lost. */
const createSchedule = (scope: Construct, app: string, queue: IQueue): CfnSchedule => {
  const role = new Role(scope, 'ClockRole', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    description: `Sends the triggers of ${app}`,
  })
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
  )
  return new CfnSchedule(scope, 'Clock', {
    description: `Calls the driver of ${app} each minute`,
    scheduleExpression: 'rate(1 minute)',
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: queue.queueArn,
      roleArn: role.roleArn,
      input: JSON.stringify({ app, scheduleMinute: true }),
      // A trigger that is more than a minute late is replaced by the next one.
      retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 3 },
    },
  })
}
