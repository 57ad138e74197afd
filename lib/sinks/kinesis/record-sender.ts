/** Sends messages to a stream of Kinesis: a chunk is one call. */
import type { putRecords } from '../../adapters/aws/kinesis-entries.ts'
import type { Sender } from '../messages/message-sink.ts'
import { dataOf, partitionKeyOf, recordBytes, type StreamSettings } from './kinesis.ts'

const RECORDS_MAX = 500
const BYTES_MAX = 5 * 1024 * 1024

/** One call after the other, so that records of a key keep their order. */
export const recordSender = (stream: string, put: typeof putRecords): Sender => ({
  description: `stream ${stream}`,
  limitsOf: () => ({ messagesMax: RECORDS_MAX, bytesMax: BYTES_MAX, atOnce: 1 }),
  bytesOf: (message, settings) => recordBytes(message, settings as StreamSettings),
  async send(chunk, settings) {
    const records = chunk.map((message) => ({
      partitionKey: partitionKeyOf(message),
      data: dataOf(message.body, message.id, settings as StreamSettings),
      message,
    }))
    const { again, ...answer } = await put(stream, records)
    return { ...answer, again: again.map(({ message }) => message) }
  },
})
