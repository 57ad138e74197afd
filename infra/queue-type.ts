/** Queues of SQS that names of a pipeline can be bound to. */
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs'
import type { BindableType } from './bindable.ts'

/** Any queue: see `AnyBucket`. */
export type AnyQueue = IQueue | Queue

declare module './bindable.ts' {
  interface Bindables {
    queues: IQueue | Queue
  }
}

/** Any queue. */
export const queueType: BindableType<'queues'> = {
  property: 'queues',
  noun: 'queue',
  construct: 'an IQueue of aws-cdk-lib/aws-sqs',
  isInstance: (value): value is AnyQueue => 'queueArn' in value,
  service: 'sqs',
  fromArn: (scope, id, arn) => Queue.fromQueueArn(scope, id, arn),
  arnOf: ({ queueArn }) => queueArn,
}
