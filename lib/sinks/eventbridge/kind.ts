/** Sends events to an event bus of EventBridge. */
import { loadAws } from '../../adapters/aws/packages.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages } from '../messages/messages.ts'
import { eventSender } from './event-sender.ts'
import type { BusEvent } from './eventbridge.ts'

/** A bus. */
interface BusLocation extends Location {
  readonly kind: 'eventbridge'
  /** Its name, or its ARN. */
  readonly bus: string
}

type BusSinkLocation = BusLocation & SinkLocation

const form: LocationForm<BusLocation> = {
  shown: 'eventbridge:BUS',
  example: 'eventbridge:default',
  schemes: ['eventbridge'],
  parse(uri) {
    const bus = uri.replace(/^eventbridge:/i, '')
    if (/^[\w./-]{1,256}$/.test(bus) || /^arn:[^:]+:events:.*:event-bus\/[\w./-]+$/.test(bus))
      return { kind: 'eventbridge', bus }
    throw invalidLocation('This is not the name of an event bus', uri, {
      allowed: 'eventbridge:BUS, with 1 to 256 letters, digits, and . _ - /, or its ARN',
      fix: 'for example eventbridge:default',
    })
  },
}

const isBus = (location: Location): location is BusLocation => location.kind === 'eventbridge'

const eventbridgeKind: SinkKind<BusSinkLocation, readonly BusEvent[]> = {
  name: 'eventbridge',
  noun: 'an event bus',
  form,
  takes: ['events'],
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isBus(location)) throw new TypeError(`${location.kind} is no event bus`)
    return { ...location, path }
  },
  parseDeployed: ({ bus }): BusLocation | undefined =>
    typeof bus === 'string' && bus !== '' ? { kind: 'eventbridge', bus } : undefined,
  deployedForm: '{ "kind": "eventbridge", "bus": "arn:..." }',
  key: ({ bus }) => bus,
  async open({ bus }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    const { putEvents } = await loadAws(() => import('../../adapters/aws/eventbridge-entries.ts'))
    return messageSink(connections.clock, eventSender(bus, putEvents))
  },
  encode: encodeMessages<BusEvent>,
}

registerSinkKind(eventbridgeKind)
