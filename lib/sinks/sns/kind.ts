/** Sends messages to a topic of SNS. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import type { TopicMessage } from './sns.ts'
import { topicSender } from './topic-sender.ts'

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
    const { publishEntries } = await loadAws(() => import('../../adapters/aws/sns-entries.ts'))
    return messageSink(connections.clock, topicSender(topicArn, publishEntries))
  },
  encode: encodeMessages<TopicMessage>,
}

registerSinkKind(snsKind)
