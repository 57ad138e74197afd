/** Sends messages to a queue of SQS. */
import { loadAws } from '../../adapters/aws/packages.ts'
import type { Message } from '../../rdd/sink-declaration.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { messageSink, type Sender } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import { SQS_BYTES_MAX } from './sqs.ts'

/** A queue. */
interface QueueLocation extends Location {
  readonly kind: 'sqs-output'
  readonly queueUrl: string
}

type QueueSinkLocation = QueueLocation & SinkLocation

const form: LocationForm<QueueLocation> = {
  shown: 'sqs:QUEUE_URL',
  example: 'sqs:https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
  schemes: ['sqs'],
  parse(uri) {
    const queueUrl = uri.replace(/^sqs:/i, '')
    if (URL.canParse(queueUrl)) return { kind: 'sqs-output', queueUrl }
    throw invalidLocation('This is not the URL of a queue', uri, {
      allowed: 'sqs:QUEUE_URL',
      fix: 'aws sqs get-queue-url --queue-name NAME tells it',
    })
  },
}

const isQueue = (location: Location): location is QueueLocation => location.kind === 'sqs-output'

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

const sqsKind: SinkKind<QueueSinkLocation, readonly Message[]> = {
  name: 'sqs-output',
  noun: 'a queue of SQS',
  form,
  takes: MESSAGE_SHAPES,
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isQueue(location)) throw new TypeError(`${location.kind} is no queue of SQS`)
    return { ...location, path }
  },
  parseDeployed: ({ queueUrl }): QueueLocation | undefined =>
    typeof queueUrl === 'string' && queueUrl !== '' ? { kind: 'sqs-output', queueUrl } : undefined,
  deployedForm: '{ "kind": "sqs-output", "queueUrl": "https://..." }',
  key: ({ queueUrl }) => queueUrl,
  async open({ queueUrl }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    return messageSink(connections.clock, await queueSender(queueUrl))
  },
  encode: encodeMessages,
}

registerSinkKind(sqsKind)
