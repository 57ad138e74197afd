import { Duration } from 'aws-cdk-lib'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'

/** A queue with the queue for what could not be handled. */
export interface QueuePair {
  readonly queue: Queue
  readonly deadLetters: Queue
}

/** What distinguishes queues. */
export interface QueueSettings {
  /** For how long a message is hidden while it is handled: not shorter than the function's time-out. */
  readonly visibilityTimeout: Duration
  readonly retention: Duration
  /** After how many tries a message is put aside. */
  readonly tries: number
}

/** A queue that only speaks TLS and is encrypted. */
export const createQueue = (
  scope: Construct,
  id: string,
  { visibilityTimeout, retention, tries }: QueueSettings,
): QueuePair => {
  const common = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true }
  // The longest there is: people are on holiday.
  const deadLetters = new Queue(scope, `${id}DeadLetters`, {
    ...common,
    retentionPeriod: Duration.days(14),
  })
  const queue = new Queue(scope, id, {
    ...common,
    visibilityTimeout,
    retentionPeriod: retention,
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: tries },
  })
  return { queue, deadLetters }
}
