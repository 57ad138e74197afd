import type { SQSClient } from '@aws-sdk/client-sqs'
import { sendMessages } from '../lib/adapters/aws/sqs-queue.ts'
import { delaySeconds, type Tick } from '../lib/runtime/serverless/ticks.ts'

/** What {@link tickQueue} is made with. */
export interface TickQueueParts {
  readonly queueUrl: string
  readonly now: () => number
  /** Default: the client of this process. */
  readonly client?: Pick<SQSClient, 'send'>
}

/** Sends ticks through a queue, each held back until its time. Rejects when one was not taken: a tick sent twice does no harm. */
export const tickQueue =
  ({ client, queueUrl, now }: TickQueueParts) =>
  async (ticks: readonly Tick[]): Promise<void> => {
    const nowMs = now()
    const messages = ticks.map((tick) => ({ text: JSON.stringify(tick), delayS: delaySeconds(tick, nowMs) }))
    await sendMessages(queueUrl, messages, client)
  }

/** The queue of this deployment. */
export const sqsTickQueue = (queueUrl: string, now: () => number): ReturnType<typeof tickQueue> => tickQueue({ queueUrl, now })
