/** Sends messages to a server by HTTP. */
import { parseNamedUri, schemeOf } from '../../runtime/locations.ts'
import { serverAt } from '../connected/server-at.ts'
import { registerNamedKind } from '../connected/named-kind.ts'
import { messageSink } from '../messages/message-sink.ts'
import { encodeMessages, MESSAGE_SHAPES } from '../messages/messages.ts'

registerNamedKind({
  name: 'http',
  noun: 'a server of HTTP',
  property: 'url',
  form: {
    shown: 'https://HOST/PATH',
    example: 'http://localhost:8080/hook',
    schemes: ['http', 'https'],
    parse: (uri) => (URL.canParse(uri) ? uri : undefined),
    problem: 'This is not a URL',
    fix: 'for example http://localhost:8080/hook',
  },
  takes: MESSAGE_SHAPES,
  target(url) {
    const { protocol, hostname, port, pathname, search } = new URL(url)
    const server = serverAt(hostname, port, protocol === 'https:' ? 443 : 80)
    // One name: a path inside of another one is something else.
    return `http:/${server}/${encodeURIComponent(pathname + search)}`
  },
  // The URL that the pipeline names is the rest of its place, before the batch time.
  locateUnbound(place) {
    const uri = schemeOf(place) === 'webhook' ? parseNamedUri(place) : undefined
    const url = decodeURIComponent(uri?.rest.replace(/\/\d+$/, '') ?? '')
    return uri === undefined || !URL.canParse(url)
      ? undefined
      : { kind: 'http', url, path: uri.rest }
  },
  stored: { example: 'https://...', isValid: (url) => URL.canParse(url) },
  async connect(url, { clock }) {
    const { httpSender } = await import('./http-sender.ts')
    return messageSink(
      clock,
      httpSender(url, () => clock.now()),
    )
  },
  encode: encodeMessages,
})
