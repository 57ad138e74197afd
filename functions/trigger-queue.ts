import type { SQSClient } from '@aws-sdk/client-sqs'
import { sendMessages } from '../lib/adapters/aws/sqs-queue.ts'
import { delaySeconds, type Trigger } from '../lib/runtime/driver/triggers.ts'

/** What {@link triggerQueue} needs. */
export interface TriggerQueueParts {
  readonly queueUrl: string
  readonly now: () => number
  /** Default: the client of this process. */
  readonly client?: Pick<SQSClient, 'send'>
}

/**
 * Sends triggers through a queue. The queue delays each trigger until its time. Rejects if the
 * queue refused one: the caller may send all again, since a duplicate trigger does no harm.
 */
export const triggerQueue =
  ({ client, queueUrl, now }: TriggerQueueParts) =>
  async (triggers: readonly Trigger[]): Promise<void> => {
    const nowMs = now()
    const messages = triggers.map((trigger) => ({
      text: JSON.stringify(trigger),
      delayS: delaySeconds(trigger, nowMs),
    }))
    await sendMessages(queueUrl, messages, client)
  }

/** The queue of this deployment. */
export const sqsTriggerQueue = (
  queueUrl: string,
  now: () => number,
): ReturnType<typeof triggerQueue> => triggerQueue({ queueUrl, now })
