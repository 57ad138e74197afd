/** Sends events to a bus: a chunk is one call. */
import type { putEvents } from '../../adapters/aws/eventbridge-entries.ts'
import type { Sender } from '../messages/message-sink.ts'
import { type BusEvent, detailOf, EVENT_BYTES_MAX, eventBytes } from './eventbridge.ts'

const EVENTS_MAX = 10
/** Events have no order, so calls need not wait for each other. */
const CALLS_AT_ONCE = 8
const LIMITS = { messagesMax: EVENTS_MAX, bytesMax: EVENT_BYTES_MAX, atOnce: CALLS_AT_ONCE }

/** `bus`: its name, or its ARN. */
export const eventSender = (bus: string, put: typeof putEvents): Sender<BusEvent> => ({
  description: `event bus ${bus}`,
  limitsOf: () => LIMITS,
  bytesOf: eventBytes,
  async send(chunk) {
    const events = chunk.map((event) => ({
      source: event.source,
      detailType: event.detailType,
      detail: detailOf(event.body, event.id),
      ...(event.timeMs === undefined ? {} : { timeMs: event.timeMs }),
      ...(event.resources === undefined ? {} : { resources: event.resources }),
      event,
    }))
    const { again, ...answer } = await put(bus, events)
    return { ...answer, again: again.map(({ event }) => event) }
  },
})
