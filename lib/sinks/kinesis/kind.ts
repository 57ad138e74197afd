/** Sends records to a stream of Kinesis. */
import { loadAws } from '../../adapters/aws/packages.ts'
import type { Message } from '../../rdd/sink-declaration.ts'
import { invalidLocation, type Location, type LocationForm } from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'
import { recordSender } from './record-sender.ts'

/** A stream. */
interface OutputStreamLocation extends Location {
  readonly kind: 'kinesis-output'
  /** Its name, or its ARN. */
  readonly stream: string
}

type StreamSinkLocation = OutputStreamLocation & SinkLocation

const form: LocationForm<OutputStreamLocation> = {
  shown: 'kinesis:STREAM',
  example: 'kinesis:clicks',
  schemes: ['kinesis'],
  parse(uri) {
    const stream = uri.replace(/^kinesis:/i, '')
    if (/^[\w.-]{1,128}$/.test(stream) || /^arn:[^:]+:kinesis:.*:stream\/[\w.-]+$/.test(stream))
      return { kind: 'kinesis-output', stream }
    throw invalidLocation('This is not the name of a stream of Kinesis', uri, {
      allowed: 'kinesis:STREAM, with 1 to 128 letters, digits, and . _ -, or its ARN',
      fix: 'for example kinesis:clicks',
    })
  },
}

const isStream = (location: Location): location is OutputStreamLocation =>
  location.kind === 'kinesis-output'

const kinesisKind: SinkKind<StreamSinkLocation, readonly Message[]> = {
  name: 'kinesis-output',
  noun: 'a stream of Kinesis',
  form,
  takes: MESSAGE_SHAPES,
  isAvailable: ({ connections }) => connections !== undefined,
  locateBound(location, path) {
    if (!isStream(location)) throw new TypeError(`${location.kind} is no stream of Kinesis`)
    return { ...location, path }
  },
  parseDeployed: ({ stream }): OutputStreamLocation | undefined =>
    typeof stream === 'string' && stream !== '' ? { kind: 'kinesis-output', stream } : undefined,
  deployedForm: '{ "kind": "kinesis-output", "stream": "arn:..." }',
  key: ({ stream }) => stream,
  async open({ stream }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    const { putRecords } = await loadAws(() => import('../../adapters/aws/kinesis-entries.ts'))
    return messageSink(connections.clock, recordSender(stream, putRecords))
  },
  encode: encodeMessages,
}

registerSinkKind(kinesisKind)
