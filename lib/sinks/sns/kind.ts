/** Sends messages to a topic of SNS. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { messageSink, type Sender } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import { SNS_BYTES_MAX, topicBytes, type TopicMessage } from './sns.ts'

/** A topic. */
interface TopicLocation extends Location {
  readonly kind: 'sns'
  readonly topicArn: string
}

type TopicSinkLocation = TopicLocation & SinkLocation

const form: LocationForm<TopicLocation> = {
  shown: 'sns:TOPIC_ARN',
  example: 'sns:arn:aws:sns:eu-west-1:123456789012:orders',
  schemes: ['sns'],
  parse(uri) {
    const topicArn = uri.replace(/^sns:/i, '')
    if (/^arn:[^:]+:sns:[^:]*:[^:]*:[\w-]+(\.fifo)?$/.test(topicArn))
      return { kind: 'sns', topicArn }
    throw invalidLocation('This is not the ARN of a topic', uri, {
      allowed: 'sns:TOPIC_ARN',
      fix: 'aws sns list-topics tells it',
    })
  },
}

const isTopic = (location: Location): location is TopicLocation => location.kind === 'sns'

const MESSAGES_MAX = 10
/** Calls to a standard topic at the same time. A FIFO topic gets them in order. */
const CALLS_AT_ONCE = 8

const topicSender = async (topicArn: string): Promise<Sender<TopicMessage>> => {
  const { isFifoTopic, publishEntries } = await loadAws(
    () => import('../../adapters/aws/sns-entries.ts'),
  )
  const limits = {
    messagesMax: MESSAGES_MAX,
    bytesMax: SNS_BYTES_MAX,
    atOnce: isFifoTopic(topicArn) ? 1 : CALLS_AT_ONCE,
  }
  return {
    description: `topic ${topicArn}`,
    limitsOf: () => limits,
    bytesOf: topicBytes,
    send: async (chunk) => publishEntries(topicArn, chunk),
  }
}

const snsKind: SinkKind<TopicSinkLocation, readonly TopicMessage[]> = {
  name: 'sns',
  noun: 'a topic of SNS',
  form,
  takes: MESSAGE_SHAPES,
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isTopic(location)) throw new TypeError(`${location.kind} is no topic of SNS`)
    return { ...location, path }
  },
  parseDeployed: ({ topicArn }): TopicLocation | undefined =>
    typeof topicArn === 'string' && topicArn !== '' ? { kind: 'sns', topicArn } : undefined,
  deployedForm: '{ "kind": "sns", "topicArn": "arn:..." }',
  key: ({ topicArn }) => topicArn,
  async open({ topicArn }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    return messageSink(connections.clock, await topicSender(topicArn))
  },
  encode: encodeMessages<TopicMessage>,
}

registerSinkKind(snsKind)
