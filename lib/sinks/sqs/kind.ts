/** Sends messages to a queue of SQS. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { serverAt } from '../connected/server-at.ts'
import { afterScheme, registerNamedKind } from '../connected/named-kind.ts'
import { messageSink, type Sender } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import { SQS_BYTES_MAX } from './sqs.ts'

const MESSAGES_MAX = 10
/** Calls to a standard queue at the same time. A FIFO queue gets them in order. */
const CALLS_AT_ONCE = 8

const queueSender = async (queueUrl: string): Promise<Sender> => {
  const { isFifo, sendEntries } = await loadAws(() => import('../../adapters/aws/sqs-entries.ts'))
  const limits = {
    messagesMax: MESSAGES_MAX,
    bytesMax: SQS_BYTES_MAX,
    atOnce: isFifo(queueUrl) ? 1 : CALLS_AT_ONCE,
  }
  return {
    description: `queue ${queueUrl}`,
    limitsOf: () => limits,
    bytesOf: ({ body }) => Buffer.byteLength(body),
    send: async (chunk) => sendEntries(queueUrl, chunk),
  }
}

/** A region has several names for its queues. The oldest one is of the first region. */
const AWS_QUEUES = new RegExp(
  '^(?:sqs(?:-fips)?\\.([\\w-]+)\\.(?:amazonaws\\.com(?:\\.cn)?|api\\.aws)' +
    '|(?:([\\w-]+)\\.)?queue\\.amazonaws\\.com)$',
)

const queueAt = ({ protocol, hostname, port, pathname }: URL): string => {
  const found = AWS_QUEUES.exec(hostname)
  const queue = encodeURIComponent(pathname.replace(/\/$/, ''))
  if (found === null)
    return `${serverAt(hostname, port, protocol === 'https:' ? 443 : 80)}/${queue}`
  const [, region, before = 'us-east-1'] = found
  return `${region ?? before}/${queue}`
}

registerNamedKind({
  name: 'sqs-output',
  noun: 'a queue of SQS',
  property: 'queueUrl',
  form: {
    shown: 'sqs:QUEUE_URL',
    example: 'sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
    schemes: ['sqs'],
    parse(uri) {
      const queueUrl = afterScheme(uri)
      return URL.canParse(queueUrl) ? queueUrl : undefined
    },
    problem: 'This is not the URL of a queue',
    fix: 'aws sqs get-queue-url --queue-name NAME tells it',
  },
  takes: MESSAGE_SHAPES,
  target: (queueUrl) => `sqs:/${queueAt(new URL(queueUrl))}`,
  stored: { example: 'https://...' },
  connect: async (queueUrl, { clock }) => messageSink(clock, await queueSender(queueUrl)),
  encode: encodeMessages,
})
