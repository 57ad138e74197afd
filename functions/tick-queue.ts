import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { clientSettings } from '../lib/adapters/aws/clients.ts'
import { MillraceError } from '../lib/base/errors.ts'
import { delaySeconds, type Tick } from '../lib/runtime/serverless/ticks.ts'

/** What {@link tickQueue} is made with. */
export interface TickQueueParts {
  readonly client: Pick<SQSClient, 'send'>
  readonly queueUrl: string
  readonly now: () => number
}

const MESSAGES_PER_CALL = 10

/** Sends ticks through a queue, each held back until its time. Rejects when one was not taken: a tick sent twice does no harm. */
export const tickQueue =
  ({ client, queueUrl, now }: TickQueueParts) =>
  async (ticks: readonly Tick[]): Promise<void> => {
    const nowMs = now()
    for (let from = 0; from < ticks.length; from += MESSAGES_PER_CALL) {
      const Entries = ticks.slice(from, from + MESSAGES_PER_CALL).map((tick, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(tick),
        DelaySeconds: delaySeconds(tick, nowMs),
      }))
      const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
      if (Failed.length > 0) throw notSent(queueUrl, Failed[0]?.Message)
    }
  }

/** The queue of this deployment. */
export const sqsTickQueue = (queueUrl: string, now: () => number): ReturnType<typeof tickQueue> =>
  tickQueue({ client: new SQSClient(clientSettings()), queueUrl, now })

const notSent = (queueUrl: string, reason: string | undefined): MillraceError =>
  new MillraceError('STORE_FAILED', {
    problem: `The queue of ticks did not take a message: ${reason ?? 'no reason given'}`,
    value: queueUrl,
    retryable: true,
  })
