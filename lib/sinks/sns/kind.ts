/** Sends messages to a topic of SNS. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { afterScheme, registerNamedKind } from '../connected/named-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import type { TopicMessage } from './sns.ts'
import { topicSender } from './topic-sender.ts'

registerNamedKind({
  name: 'sns',
  noun: 'a topic of SNS',
  property: 'topicArn',
  form: {
    shown: 'sns:TOPIC_ARN',
    example: 'sns:arn:aws:sns:eu-west-1:123456789012:orders',
    schemes: ['sns'],
    parse(uri) {
      const arn = afterScheme(uri)
      return /^arn:[^:]+:sns:[^:]*:[^:]*:[\w-]+(\.fifo)?$/.test(arn) ? arn : undefined
    },
    problem: 'This is not the ARN of a topic',
    fix: 'aws sns list-topics tells it',
  },
  takes: MESSAGE_SHAPES,
  stored: { example: 'arn:...' },
  async connect(topicArn, { clock }) {
    const { publishEntries } = await loadAws(() => import('../../adapters/aws/sns-entries.ts'))
    return messageSink(clock, topicSender(topicArn, publishEntries))
  },
  encode: encodeMessages<TopicMessage>,
})
