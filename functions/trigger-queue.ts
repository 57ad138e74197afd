import type { SQSClient } from '@aws-sdk/client-sqs'
import { sendMessages } from '../lib/adapters/aws/sqs-queue.ts'
import { delaySeconds, type Trigger } from '../lib/runtime/driver/triggers.ts'

/** What {@link triggerQueue} is made with. */
export interface TriggerQueueParts {
  readonly queueUrl: string
  readonly now: () => number
  /** Default: the client of this process. */
  readonly client?: Pick<SQSClient, 'send'>
}

/**
 * Sends ticks through a queue, each held back until its time. Rejects when one was not taken: a
 * tick sent twice does no harm.
 */
export const triggerQueue =
  ({ client, queueUrl, now }: TriggerQueueParts) =>
  async (triggers: readonly Trigger[]): Promise<void> => {
    const nowMs = now()
    const messages = triggers.map((tick) => ({
      text: JSON.stringify(tick),
      delayS: delaySeconds(tick, nowMs),
    }))
    await sendMessages(queueUrl, messages, client)
  }

/** The queue of this deployment. */
export const sqsTriggerQueue = (
  queueUrl: string,
  now: () => number,
): ReturnType<typeof triggerQueue> => triggerQueue({ queueUrl, now })
