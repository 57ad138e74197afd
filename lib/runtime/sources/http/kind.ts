/** Takes records by POST requests of HTTP. */
import { MillraceError } from '../../../base/errors.ts'
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { HTTP_REQUESTS } from '../../../dstream/sources/http.ts'
import type { HttpListener } from '../../../ports/http-listener.ts'
import { RECEIVER_LANE } from '../../../state/receiver-lane.ts'
import { invalidLocation, type LocationForm } from '../../locations.ts'
import { messagesInput, messagesReader } from '../lanes/message-reader.ts'
import { type OpenSourceParts, registerSourceKind, type SourceKind } from '../source-kind.ts'
import { httpEvents, type HttpLocation, isPostLane, type ReadSecret } from './event.ts'
import { httpReceiver } from './receiver.ts'
import { declarationIn, readingOf } from './requests.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Listens on ports of this machine. Left out: requests come in events. */
    readonly http?: HttpListener
  }
}

let readSecret: ReadSecret = async (arn) => {
  throw new TypeError(`nobody can read the secret ${arn} in this world`)
}

/** Says how secrets are read. Only pipelines that import the source have what is needed for it. */
export const useSecrets = (read: ReadSecret): void => {
  readSecret = read
}

const form: LocationForm<HttpLocation> = {
  shown: 'http://HOST:PORT/PATH',
  example: 'http://127.0.0.1:8080/clicks',
  schemes: ['http'],
  parse(uri: string): HttpLocation {
    const [, host, port] =
      /^http:\/\/(\[[0-9a-f:.]+\]|[^\s/:@?#[\]]+):(\d{1,5})(?:\/|$)/i.exec(uri) ?? []
    const url = URL.parse(uri)
    const isPlain = url?.search === '' && url.hash === ''
    if (host === undefined || url === null || !isPlain || Number(port) < 1 || Number(port) > 65_535)
      throw invalidLocation('This is not an address at which requests can come in', uri, {
        allowed: 'http://HOST:PORT/PATH, without a query',
        fix: 'for example http://127.0.0.1:8080/clicks',
      })
    const address = { host: host.replaceAll(/[[\]]/g, ''), port: Number(port), path: url.pathname }
    return { kind: 'http', address }
  },
}

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/i.test(host)

/** Who can reach an address of the machine can send, unless a secret is asked for. */
const secretOf = (
  { host }: { readonly host: string },
  { declared }: Pick<OpenSourceParts, 'declared'>,
): string | undefined => {
  const { secret: secretIn, verify } = declarationIn(declared)
  const secret = secretIn?.()
  const isOpen = isLoopback(host) || verify !== undefined
  if (secret === undefined ? isOpen : secret.trim() !== '') return secret?.trim()
  throw new MillraceError('BINDING_UNFIT', {
    problem:
      secret === undefined
        ? 'Everybody in the network could send records to this source'
        : 'The secret of this source is empty',
    value: host,
    allowed: 'an address of this machine alone, such as 127.0.0.1, or a secret',
    fix: "httpPosts('clicks', { secret: () => process.env.CLICKS_SECRET ?? '' })",
  })
}

const http: SourceKind<HttpLocation> = {
  name: 'http',
  noun: 'an address for requests of HTTP',
  gives: [TEXT, HTTP_REQUESTS],
  form,
  isAvailable: () => true,
  unboundFix: ({ name, elements }) => {
    const files = elements === TEXT ? `, or --bind ${name}=./in` : ''
    return `--bind ${name}=http://127.0.0.1:8080/${name}${files}`
  },
  parseDeployed: ({ name, secret }) =>
    typeof name === 'string' && (secret === undefined || typeof secret === 'string')
      ? { kind: 'http', name, ...(secret === undefined ? {} : { secret }) }
      : undefined,
  deployedForm: '{ "kind": "http", "name": "path", "secret": "arn:..." }',
  describe: ({ address, name }) =>
    address === undefined
      ? { what: `requests to /${name} of the URL of the application` }
      : {
          what: `requests to http://${address.host}:${address.port}${address.path}`,
          howToFeed: `run curl --data hello http://${address.host}:${address.port}${address.path}`,
        },
  open: ({ address }, parts) => {
    const { store, app, source, held, ports, declared, clock } = parts
    const isRead = (lane: string): boolean => lane === RECEIVER_LANE || isPostLane(lane)
    const reader = messagesReader({ store, app, source, held, isRead })
    if (address === undefined) return { reader }
    if (ports.http === undefined) throw new TypeError('nobody listens in this world')
    const secret = secretOf(address, parts)
    const reading = readingOf(declared)
    const receiver = httpReceiver({ listener: ports.http, address, reading, secret, clock })
    return { reader, receiver }
  },
  input: messagesInput,
  events: () => httpEvents((arn) => readSecret(arn)),
}

registerSourceKind(http)
