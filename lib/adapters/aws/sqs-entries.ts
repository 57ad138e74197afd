import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { MillraceError } from '../../base/errors.ts'
import { deniedFix, isDenied, isTransient } from './aws-errors.ts'
import { sqsClient } from './sqs-queue.ts'

/** A message for a queue. */
export interface QueueEntry {
  /** The same in each attempt: letters and digits. */
  readonly id: string
  readonly body: string
  /** The group in which a FIFO queue keeps the order. */
  readonly key?: string
}

/** What a queue did not take. */
export interface QueueAnswer<E extends QueueEntry> {
  readonly again: readonly E[]
  readonly reason?: string
}

/** Whether the queue of a URL keeps the order, and remembers the ids of messages for 5 minutes. */
export const isFifo = (queueUrl: string): boolean => queueUrl.endsWith('.fifo')

/** A group of its own for messages without a key would be one for each: they share one. */
const DEFAULT_GROUP = 'all'

/**
 * Sends at most 10 messages.
 *
 * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
 */
export const sendEntries = async <E extends QueueEntry>(
  queueUrl: string,
  entries: readonly E[],
  client: Pick<SQSClient, 'send'> = sqsClient(),
): Promise<QueueAnswer<E>> => {
  const Entries = entries.map(({ id, body, key = DEFAULT_GROUP }, index) => ({
    Id: String(index),
    MessageBody: body,
    ...(isFifo(queueUrl) ? { MessageGroupId: key, MessageDeduplicationId: id } : {}),
  }))
  try {
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })
    const { Failed = [] } = await client.send(command)
    const fault = Failed.find(({ SenderFault }) => SenderFault === true)
    if (fault !== undefined) throw refused(queueUrl, fault.Message ?? fault.Code ?? '')
    return {
      again: Failed.flatMap(({ Id }) => entries[Number(Id)] ?? []),
      ...(Failed[0] === undefined ? {} : { reason: Failed[0].Message ?? Failed[0].Code ?? '' }),
    }
  } catch (error) {
    if (!isTransient(error)) throw refused(queueUrl, (error as Error).message, error)
    return { again: entries, reason: (error as Error).message }
  }
}

const refused = (queueUrl: string, reason: string, cause?: unknown): MillraceError =>
  cause instanceof MillraceError
    ? cause
    : new MillraceError('OUTPUT_FAILED', {
        problem: `The queue refused messages: ${reason}`,
        value: queueUrl,
        ...(isDenied(cause) ? { fix: deniedFix('sqs:SendMessage', queueUrl) } : {}),
        cause,
      })
