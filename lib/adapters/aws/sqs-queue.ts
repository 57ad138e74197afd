import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import { MillraceError } from '../../base/errors.ts'
import { deniedError, isDenied, isTransient } from './aws-errors.ts'
import { clientSettings, counted, once } from './clients.ts'
import { meterSqs } from './metering.ts'

/** A message and its delay. */
export interface QueuedMessage {
  readonly text: string
  /** Whole seconds, at most 900. */
  readonly delayS: number
}

const MESSAGES_PER_CALL = 10

/** The client of SQS of this process. */
export const sqsClient: () => SQSClient = once(() =>
  counted(new SQSClient(clientSettings()), meterSqs),
)

/**
 * Sends messages. When it rejects, the queue may have taken some of them.
 *
 * Errors: `ACCESS_DENIED`, `CREDENTIALS_MISSING`, `STORE_FAILED` (retryable).
 *
 * @example
 * ```ts
 * const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/triggers'
 * await sendMessages(queueUrl, [{ text: '{}', delayS: 0 }])
 * ```
 */
export const sendMessages = async (
  queueUrl: string,
  messages: readonly QueuedMessage[],
  client: Pick<SQSClient, 'send'> = sqsClient(),
): Promise<void> => {
  for (let from = 0; from < messages.length; from += MESSAGES_PER_CALL) {
    const Entries = messages
      .slice(from, from + MESSAGES_PER_CALL)
      .map(({ text, delayS }, index) => ({
        Id: String(index),
        MessageBody: text,
        DelaySeconds: delayS,
      }))
    const { Failed = [] } = await sending(queueUrl, () =>
      client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })),
    )
    if (Failed.length > 0) throw notSent(queueUrl, Failed[0]?.Message)
  }
}

const sending = async <T>(queueUrl: string, send: () => Promise<T>): Promise<T> => {
  try {
    return await send()
  } catch (error) {
    if (isDenied(error))
      throw deniedError(error, { service: 'SQS', action: 'sqs:SendMessage', place: queueUrl })
    throw notSent(queueUrl, undefined, error)
  }
}

const notSent = (queueUrl: string, reason: string | undefined, cause?: unknown): MillraceError =>
  new MillraceError('STORE_FAILED', {
    problem: `The queue did not accept a message${reason === undefined ? '' : `: ${reason}`}`,
    value: queueUrl,
    retryable: cause === undefined || isTransient(cause),
    cause,
  })
