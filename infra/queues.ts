import { Duration } from 'aws-cdk-lib'
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { StorageSettings } from './storage-settings.ts'

/** A queue, and the queue for messages that could not be handled. */
export interface QueuePair {
  readonly queue: Queue
  readonly deadLetters: Queue
}

/** What distinguishes queues. */
export interface QueueSettings {
  /** How long a message is hidden while it is handled: at least the time-out of the function. */
  readonly visibilityTimeout: Duration
  /** How long a message is kept. */
  readonly retention: Duration
  /**
   * How long a message is kept that was put aside. Default: as long as possible, since the people
   * who look at them may be on holiday.
   */
  readonly deadLettersRetention?: Duration
  /** How often a message is tried before it is put aside. */
  readonly tries: number
  /** For queues that hold records. Left out: the queue goes with the stack, and SQS encrypts it. */
  readonly storage?: StorageSettings
}

/** The longest that a queue keeps messages. */
const RETENTION_MAX: Duration = Duration.days(14)

const protection = (storage: StorageSettings | undefined): QueueProps => {
  const { encryptionKey, removalPolicy } = storage ?? {}
  return {
    enforceSSL: true,
    ...(removalPolicy === undefined ? {} : { removalPolicy }),
    ...(encryptionKey === undefined
      ? { encryption: QueueEncryption.SQS_MANAGED }
      : { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
  }
}

/** Creates an encrypted queue that can only be reached over TLS, with a queue for dead letters. */
export const createQueue = (
  scope: Construct,
  id: string,
  { visibilityTimeout, retention, deadLettersRetention, tries, storage }: QueueSettings,
): QueuePair => {
  const deadLetters = new Queue(scope, `${id}DeadLetters`, {
    ...protection(storage),
    retentionPeriod: deadLettersRetention ?? RETENTION_MAX,
  })
  const queue = new Queue(scope, id, {
    ...protection(storage),
    visibilityTimeout,
    retentionPeriod: retention,
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: tries },
  })
  return { queue, deadLetters }
}

/** AWS advises six times the time-out of the function, so that throttling uses up no try. */
const VISIBILITY_TIMEOUTS = 6

/** Enough for hours of errors. */
const INTAKE_TRIES = 50

/**
 * Creates a queue that calls intake. A message is tried for hours before it is put aside, and it is
 * kept for longer than any outage that somebody notices.
 */
export const createIntakeQueue = (
  scope: Construct,
  id: string,
  intakeTimeout: Duration,
  storage?: StorageSettings,
): QueuePair =>
  createQueue(scope, id, {
    visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUTS * intakeTimeout.toSeconds()),
    retention: RETENTION_MAX,
    tries: INTAKE_TRIES,
    ...(storage === undefined ? {} : { storage }),
  })

/** Creates the queue that calls the driver. */
export const createTriggerQueue = (scope: Construct, driverTimeout: Duration): QueuePair =>
  createQueue(scope, 'Triggers', {
    // A trigger of a driver that died comes back when the lease of that driver is over.
    visibilityTimeout: driverTimeout.plus(Duration.seconds(30)),
    // The schedule sends a new one each minute. One that was put aside must not ring for weeks.
    retention: Duration.hours(1),
    deadLettersRetention: Duration.hours(4),
    tries: 3,
  })
