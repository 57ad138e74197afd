/** Sends messages to a server by HTTP. */
import type { Message } from '../../rdd/sink-declaration.ts'
import {
  invalidLocation,
  type Location,
  type LocationForm,
  parseNamedUri,
  schemeOf,
} from '../../runtime/locations.ts'
import {
  registerSinkKind,
  type SinkKind,
  type SinkLocation,
} from '../../runtime/sinks/sink-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'

/** Where requests go. */
interface HttpLocation extends Location {
  readonly kind: 'http'
  readonly url: string
}

type HttpSinkLocation = HttpLocation & SinkLocation

const form: LocationForm<HttpLocation> = {
  shown: 'https://HOST/PATH',
  example: 'http://localhost:8080/hook',
  schemes: ['http', 'https'],
  parse(uri) {
    if (URL.canParse(uri)) return { kind: 'http', url: uri }
    throw invalidLocation('This is not a URL', uri, {
      allowed: 'https://HOST/PATH',
      fix: 'for example http://localhost:8080/hook',
    })
  },
}

const isHttp = (location: Location): location is HttpLocation => location.kind === 'http'

const httpKind: SinkKind<HttpSinkLocation, readonly Message[]> = {
  name: 'http',
  noun: 'a server of HTTP',
  form,
  takes: MESSAGE_SHAPES,
  isAvailable: ({ connections }) => connections !== undefined,
  // The URL that the pipeline names is the rest of its place, before the batch time.
  locateUnbound(place) {
    const uri = schemeOf(place) === 'webhook' ? parseNamedUri(place) : undefined
    const url = uri?.rest.replace(/\/\d+$/, '')
    return uri === undefined || url === undefined || url === ''
      ? undefined
      : { kind: 'http', url, path: uri.rest }
  },
  locateBound(location, path) {
    if (!isHttp(location)) throw new TypeError(`${location.kind} is no server of HTTP`)
    return { ...location, path }
  },
  parseDeployed: ({ url }): HttpLocation | undefined =>
    typeof url === 'string' && URL.canParse(url) ? { kind: 'http', url } : undefined,
  deployedForm: '{ "kind": "http", "url": "https://..." }',
  key: ({ url }) => url,
  async open({ url }, { connections }) {
    if (connections === undefined) throw new TypeError('there are no connections in this world')
    const { clock } = connections
    const { httpSender } = await import('./http-sender.ts')
    return messageSink(
      clock,
      httpSender(url, () => clock.now()),
    )
  },
  encode: encodeMessages,
}

registerSinkKind(httpKind)
