import {
  type MessageAttributeValue,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  SNSClient,
} from '@aws-sdk/client-sns'
import { clientSettings, once, unlogged } from './clients.ts'
import { callWithEntries, type EntriesAnswer, failuresOf, groupOf } from './entries.ts'

/** A value of an attribute, as SNS has it. */
export interface TopicAttribute {
  readonly type: 'String' | 'Number' | 'String.Array'
  readonly text: string
}

/** A message for a topic. */
export interface TopicEntry {
  /** The same in each attempt: letters and digits. */
  readonly id: string
  readonly body: string
  /** Its group, in which a FIFO topic keeps the order. */
  readonly key?: string
  readonly subject?: string
  readonly attributes?: Readonly<Record<string, TopicAttribute>>
}

/** The attribute that carries the id of a message. */
export const ID_ATTRIBUTE = 'millraceId'

/** The client of SNS of this process. */
export const snsClient: () => SNSClient = once(() => unlogged(new SNSClient(clientSettings())))

const valueOf = ({ type, text }: TopicAttribute): MessageAttributeValue => ({
  DataType: type,
  StringValue: text,
})

const entryOf = (
  { id, body, key, subject, attributes = {} }: TopicEntry,
  index: number,
  isFifo: boolean,
): PublishBatchRequestEntry => ({
  Id: String(index),
  Message: body,
  ...(subject === undefined ? {} : { Subject: subject }),
  MessageAttributes: {
    ...Object.fromEntries(
      Object.entries(attributes).map(([name, attribute]) => [name, valueOf(attribute)]),
    ),
    [ID_ATTRIBUTE]: valueOf({ type: 'String', text: id }),
  },
  ...(isFifo ? { MessageGroupId: groupOf(key), MessageDeduplicationId: id } : {}),
})

/**
 * Publishes at most 10 messages.
 *
 * @throws MillraceError `OUTPUT_FAILED` when trying again cannot help.
 */
export const publishEntries = async <E extends TopicEntry>(
  topicArn: string,
  entries: readonly E[],
  client: Pick<SNSClient, 'send'> = snsClient(),
): Promise<EntriesAnswer<E>> => {
  // A FIFO topic keeps the order, and remembers the ids of messages for 5 minutes.
  const isFifo = topicArn.endsWith('.fifo')
  const where = { noun: 'topic', place: topicArn, action: 'sns:Publish' }
  const command = new PublishBatchCommand({
    TopicArn: topicArn,
    PublishBatchRequestEntries: entries.map((entry, index) => entryOf(entry, index, isFifo)),
  })
  return callWithEntries(entries, where, async () =>
    failuresOf((await client.send(command)).Failed),
  )
}
