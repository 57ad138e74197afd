/** Sends records to a stream of Kinesis. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { afterScheme, registerNamedKind } from '../connected/named-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import { recordSender } from './record-sender.ts'

const STREAM = /^(?:[\w.-]{1,128}|arn:[^:]+:kinesis:.*:stream\/[\w.-]+)$/

registerNamedKind({
  name: 'kinesis-output',
  noun: 'a stream of Kinesis',
  property: 'stream',
  form: {
    shown: 'kinesis:STREAM',
    example: 'kinesis:clicks',
    schemes: ['kinesis'],
    parse(uri) {
      const stream = afterScheme(uri).replace(/^\/\//, '')
      return STREAM.test(stream) ? stream : undefined
    },
    problem: 'This is not the name of a stream of Kinesis',
    allowed: 'kinesis:STREAM, with 1 to 128 letters, digits, and . _ -, or its ARN',
    fix: 'for example kinesis:clicks',
  },
  takes: MESSAGE_SHAPES,
  stored: { example: 'arn:...' },
  async connect(stream, { clock }) {
    const { putRecords } = await loadAws(() => import('../../adapters/aws/kinesis-entries.ts'))
    return messageSink(clock, recordSender(stream, putRecords))
  },
  encode: encodeMessages,
})
