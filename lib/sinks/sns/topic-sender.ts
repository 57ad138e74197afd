/** Sends messages to a topic of SNS: a chunk is one call. */
import type { publishEntries } from '../../adapters/aws/sns-entries.ts'
import type { Sender } from '../messages/message-sink.ts'
import { SNS_BYTES_MAX, topicBytes, type TopicMessage } from './sns.ts'

const MESSAGES_MAX = 10
/** Calls to a standard topic at the same time. A FIFO topic gets them in order. */
const CALLS_AT_ONCE = 8

/** How messages go to a topic. `publish` is what calls SNS. */
export const topicSender = (
  topicArn: string,
  publish: typeof publishEntries,
): Sender<TopicMessage> => {
  const limits = {
    messagesMax: MESSAGES_MAX,
    bytesMax: SNS_BYTES_MAX,
    atOnce: topicArn.endsWith('.fifo') ? 1 : CALLS_AT_ONCE,
  }
  return {
    description: `topic ${topicArn}`,
    limitsOf: () => limits,
    bytesOf: topicBytes,
    send: async (chunk) => publish(topicArn, chunk),
  }
}
