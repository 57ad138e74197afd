/** Sends events to an event bus of EventBridge. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { afterScheme, registerNamedKind } from '../connected/named-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages } from '../messages/messages.ts'
import { eventSender } from './event-sender.ts'
import type { BusEvent } from './eventbridge.ts'

const BUS = /^(?:[\w./-]{1,256}|arn:[^:]+:events:.*:event-bus\/[\w./-]+)$/

registerNamedKind({
  name: 'eventbridge',
  noun: 'an event bus',
  property: 'bus',
  form: {
    shown: 'eventbridge:BUS',
    example: 'eventbridge:default',
    schemes: ['eventbridge'],
    parse(uri) {
      const bus = afterScheme(uri)
      return BUS.test(bus) ? bus : undefined
    },
    problem: 'This is not the name of an event bus',
    allowed: 'eventbridge:BUS, with 1 to 256 letters, digits, and . _ - /, or its ARN',
    fix: 'for example eventbridge:default',
  },
  takes: ['events'],
  stored: { example: 'arn:...' },
  async connect(bus, { clock }) {
    const { putEvents } = await loadAws(() => import('../../adapters/aws/eventbridge-entries.ts'))
    return messageSink(clock, eventSender(bus, putEvents))
  },
  encode: encodeMessages<BusEvent>,
})
