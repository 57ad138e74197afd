/** Reads topics of MQTT. A receiver feeds one lane with messages. */
import { hash } from 'node:crypto'
import { MillraceError } from '../../../base/errors.ts'
import { type SourceDeclaration, TEXT } from '../../../dstream/sources/declaration.ts'
import { filterFault } from '../../../dstream/sources/mqtt-filter.ts'
import { type MqttDeclaration, MQTT_RECORDS } from '../../../dstream/sources/mqtt.ts'
import type { BrokerTarget, OpenBroker } from '../../../ports/message-broker.ts'
import { isReceiverLane } from '../../../state/receiver-lane.ts'
import { invalidLocation, type Location, type LocationForm } from '../../locations.ts'
import { messagesInput, messagesReader } from '../lanes/message-reader.ts'
import { lanesReader } from '../lanes/reader.ts'
import { type OpenSourceParts, registerSourceKind, type SourceKind } from '../source-kind.ts'
import { mqttReceiver } from './receiver.ts'

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Connects to brokers. Left out: there are none. */
    readonly mqtt?: () => Promise<OpenBroker>
  }
}

/** A broker, and perhaps the topics. */
export interface MqttLocation extends Location {
  readonly kind: 'mqtt'
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** Left out: the declaration says it. */
  readonly filter?: string
  readonly username?: string
  readonly password?: string
}

const URI =
  /^(mqtts?):\/\/(?:([^\s/@]*)@)?(?:\[([0-9a-f:.]+)\]|([^\s/:@?#[\]]+))(?::(\d{1,5}))?(?:\/(.*))?$/i

/** A password is never shown. */
const shown = (uri: string): string => uri.replace(/\/\/[^/]*@/, '//***@')

const credentialsIn = (given: string): Pick<MqttLocation, 'username' | 'password'> | undefined => {
  try {
    const [, name = '', password] = /^([^:]*)(?::(.*))?$/.exec(given) ?? []
    return {
      ...(name === '' ? {} : { username: decodeURIComponent(name) }),
      ...(password === undefined ? {} : { password: decodeURIComponent(password) }),
    }
  } catch {
    return undefined
  }
}

const form: LocationForm<MqttLocation> = {
  shown: 'mqtt://HOST:PORT/FILTER',
  example: 'mqtt://localhost:1883/sensors/#',
  schemes: ['mqtt', 'mqtts'],
  parse(uri: string): MqttLocation {
    const [, scheme = '', user = '', bracketed, plain, given, filter = ''] = URI.exec(uri) ?? []
    const tls = scheme.toLowerCase() === 'mqtts'
    const host = bracketed ?? plain
    const port = Number(given ?? (tls ? 8_883 : 1_883))
    const credentials = credentialsIn(user)
    if (host === undefined || credentials === undefined || port < 1 || port > 65_535)
      throw invalidLocation('This is not the address of a broker of MQTT', shown(uri), {
        allowed: 'mqtt://USER:PASSWORD@HOST:PORT/FILTER, or mqtts://; only the host is needed',
        fix: 'for example mqtt://localhost:1883/sensors/#',
      })
    const fault = filter === '' ? undefined : filterFault(filter)
    if (fault !== undefined) throw invalidLocation('This is not a filter of topics', filter, fault)
    return { kind: 'mqtt', host, port, tls, ...(filter === '' ? {} : { filter }), ...credentials }
  },
}

const addressOf = ({ host, port, tls }: MqttLocation): string =>
  `mqtt${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Brokers close the older of two connections with one id, so it names whoever feeds a source. */
const clientIdOf = ({ app, source, feederName }: OpenSourceParts): string => {
  const full = [app, source, ...(feederName === undefined ? [] : [feederName])].join('-')
  const plain = full.replaceAll(/[^\w-]/g, '_').slice(0, 64)
  // Two names must not become one.
  return plain === full
    ? `millrace-${full}`
    : `millrace-${plain}-${hash('sha256', full).slice(0, 8)}`
}

const isOwn = (declared: SourceDeclaration): declared is MqttDeclaration => declared.kind === 'mqtt'

/** A source of text that was declared as another kind has no filter. */
const filterOf = ({ filter }: MqttLocation, { declared }: OpenSourceParts): string => {
  const found = filter ?? (isOwn(declared) ? declared.settings?.['filter'] : undefined)
  if (typeof found === 'string') return found
  throw new MillraceError('BINDING_UNFIT', {
    problem: 'Nothing says which topics of the broker are read',
    value: declared.name,
    allowed: 'a filter of topics behind the address of the broker',
    fix: `--bind '${declared.name}=mqtt://localhost:1883/sensors/#'`,
  })
}

const targetOf = (location: MqttLocation, parts: OpenSourceParts): BrokerTarget => {
  const { settings = {}, security } = isOwn(parts.declared) ? parts.declared : {}
  const given = settings as Readonly<Record<string, string | undefined>>
  const { username, password, ca, cert, key } = security?.() ?? {}
  return {
    host: location.host,
    port: location.port,
    tls: location.tls,
    username: username ?? location.username,
    password: password ?? location.password,
    ca,
    cert,
    key,
    clientId: given['clientId'] ?? clientIdOf(parts),
    protocol: given['protocol'] === '5' ? '5' : '3.1.1',
    filter: filterOf(location, parts),
    retained: settings['retained'] === true,
  }
}

const mqtt: SourceKind<MqttLocation> = {
  name: 'mqtt',
  noun: 'a broker of MQTT',
  gives: [TEXT, MQTT_RECORDS],
  form,
  isAvailable: ({ mqtt: port }) => port !== undefined,
  locateUnbound: ({ literal }, cwd) =>
    literal === undefined ? undefined : form.parse(literal, cwd),
  unboundFix: ({ name, elements }) => {
    const files = elements === TEXT ? `, or --bind '${name}=./in'` : ''
    return `--bind '${name}=mqtt://localhost:1883'${files}`
  },
  describe: (location) => {
    const filter = location.filter === undefined ? '' : `/${location.filter}`
    return { what: `messages of ${addressOf(location)}${filter}` }
  },
  open: (location, parts) => {
    const { store, app, source, held, ports, clock } = parts
    const { mqtt: open } = ports
    if (open === undefined) throw new TypeError('there are no brokers in this world')
    filterOf(location, parts)
    const { declared } = parts
    const receiver = mqttReceiver({
      address: addressOf(location),
      declared,
      target: () => targetOf(location, parts),
      open,
      clock,
    })
    const place = { store, app, source, held }
    return declared.storesMessages === true
      ? { reader: messagesReader({ ...place, isRead: isReceiverLane }), receiver }
      : { reader: lanesReader(place), receiver }
  },
  input: messagesInput,
}

registerSourceKind(mqtt)
