import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { callWithEntries, type EntriesAnswer, failuresOf, groupOf } from './entries.ts'
import { sqsClient } from './sqs-queue.ts'

/** A message for a queue. */
export interface QueueEntry {
  /** The same in each attempt: letters and digits. */
  readonly id: string
  readonly body: string
  /** Its group, in which a FIFO queue keeps the order. */
  readonly key?: string
}

/** Whether the queue of a URL keeps the order, and remembers the ids of messages for 5 minutes. */
export const isFifo = (queueUrl: string): boolean => queueUrl.endsWith('.fifo')

/**
 * Sends at most 10 messages.
 *
 * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
 */
export const sendEntries = async <E extends QueueEntry>(
  queueUrl: string,
  entries: readonly E[],
  client: Pick<SQSClient, 'send'> = sqsClient(),
): Promise<EntriesAnswer<E>> => {
  const Entries = entries.map(({ id, body, key }, index) => ({
    Id: String(index),
    MessageBody: body,
    ...(isFifo(queueUrl) ? { MessageGroupId: groupOf(key), MessageDeduplicationId: id } : {}),
  }))
  const where = { noun: 'queue', place: queueUrl, action: 'sqs:SendMessage' }
  return callWithEntries(entries, where, async () => {
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })
    return failuresOf((await client.send(command)).Failed)
  })
}
