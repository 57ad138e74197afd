/** Topics of MQTT as sources: the declaration, which `millrace/mqtt` exports. */
import type { AnyValue } from '../../rdd/pair-types.ts'
import {
  checkAnyFunction,
  checkChoice,
  checkFlag,
  checkFunction,
  checkSourceName,
  checkText,
} from '../checks.ts'
import { type SourceDeclaration, TEXT } from './declaration.ts'
import { checkFilter } from './mqtt-filter.ts'
import type { StreamSource } from './stream-source.ts'

/**
 * One message, as `mqttRecords` gives it.
 *
 * @example const deviceOf = ({ topic }: MqttRecord): string => topic.split('/')[1] ?? ''
 */
export interface MqttRecord {
  readonly topic: string
  readonly payload: Uint8Array
  /** How it came. 0: it was sent without a promise, and can be lost. */
  readonly qos: 0 | 1
  /** Whether the broker had kept it from before the subscription. */
  readonly retain: boolean
  /** Between the broker and this client, with QoS 1. Brokers use numbers again. */
  readonly packetId?: number
}

/**
 * How to log in to a broker.
 *
 * @example const security = (): MqttSecurity => ({ username: 'reader', password: 'secret' })
 */
export interface MqttSecurity {
  readonly username?: string
  readonly password?: string
  /** For `mqtts://`: the certificates of the authority, in PEM. Default: those of the system. */
  readonly ca?: string
  /** For `mqtts://`: the certificate of this client, in PEM, with `key`. */
  readonly cert?: string
  /** The private key of `cert`, in PEM. */
  readonly key?: string
}

/**
 * Settings of `mqtt`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(mqtt('rooms', { filter: 'rooms/+/temperature', broker: 'mqtt://localhost' }))
 * ```
 */
export interface MqttOptions {
  /**
   * Which topics are read: `+` stands for one level, and `#` at the end for all further ones. With
   * `$share/GROUP/` before it, several clients share the messages. Default: the name of the source.
   */
  readonly filter?: string
  /**
   * The broker: `mqtt://HOST:PORT`, or `mqtts://HOST:PORT` with TLS. Default: a binding says it,
   * `--bind rooms=mqtt://localhost:1883`.
   */
  readonly broker?: string
  /** Called at each connection, so secrets may come from the environment. */
  readonly security?: () => MqttSecurity
  /**
   * The name under which the broker knows this client, and keeps messages while nothing runs.
   * Brokers close the older of two connections with one name. Default: one that is made of the
   * names of the application and of the source.
   */
  readonly clientId?: string
  /** The version of the protocol. Default `'3.1.1'`, which all brokers have. */
  readonly protocol?: '3.1.1' | '5'
  /**
   * Whether messages are taken that the broker had kept from before the subscription. Brokers may
   * send them again after each connection. Default `false`: they are left out.
   */
  readonly retained?: boolean
  /**
   * The id of a message. Messages with one id count once, within 30 days. It must return the same
   * for the same message. Undefined: the message counts each time. Default: all count each time, so
   * one that is delivered again after a failure may count twice.
   */
  readonly id?: (message: MqttRecord) => string | undefined
}

/**
 * Settings of `mqttRecords`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(mqttRecords('rooms/#', { decode: ({ topic, payload }) => [topic, payload[0]] }))
 * ```
 */
export interface MqttRecordsOptions<T> extends MqttOptions {
  /**
   * Makes an element from a message. It must return the same for the same message. A message for
   * which it throws becomes a dead letter. Without it, the message itself is the element.
   */
  readonly decode: (message: MqttRecord) => T
}

/** The declaration of topics. */
export interface MqttDeclaration extends SourceDeclaration {
  readonly kind: 'mqtt'
  readonly security?: (() => MqttSecurity) | undefined
  readonly id?: ((message: MqttRecord) => string | undefined) | undefined
}

/** Elements that are {@link MqttRecord}s. Only a broker gives them. */
export const MQTT_RECORDS = 'MQTT messages'

/**
 * The messages of topics of MQTT as text: the payload of each is one string, decoded as UTF-8. A
 * payload that is not valid UTF-8 becomes a dead letter. The subscription has QoS 1, and a message
 * is acknowledged when it is stored. Locally the name is bound to a broker, or to another source of
 * text: `--bind rooms=mqtt://localhost:1883/rooms/#`, `--bind rooms=./in`.
 *
 * @param name A name to bind, and the filter of topics if there is no other.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, the filter is malformed, or an
 * option is not allowed.
 * @example ssc.streamFrom(mqtt('sensors/+/temperature')).print()
 */
export const mqtt = (name: string, options: MqttOptions = {}): StreamSource<string> =>
  topicsSource('mqtt', name, TEXT, options)

/**
 * The messages of topics of MQTT with their topics and bytes, or the elements that `decode` makes
 * from them.
 *
 * @param name A name to bind, and the filter of topics if there is no other.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, the filter is malformed, or an
 * option is not allowed.
 * @example
 * ```ts
 * ssc.streamFrom(mqttRecords('rooms/#')).map(({ topic, payload }) => [topic, payload.length])
 * ```
 */
export function mqttRecords<T extends AnyValue>(
  name: string,
  options: MqttRecordsOptions<T>,
): StreamSource<T>
export function mqttRecords(name: string, options?: MqttOptions): StreamSource<MqttRecord>
export function mqttRecords<T>(
  name: string,
  options: MqttOptions & Partial<MqttRecordsOptions<T>> = {},
): StreamSource<T> {
  const { decode } = options
  if (decode !== undefined) checkFunction('mqttRecords', decode)
  return {
    ...topicsSource<T>('mqttRecords', name, MQTT_RECORDS, options),
    ...(decode === undefined ? {} : { decode }),
  }
}

/** Only the name is part of the plan hash: the rest does not affect stored data. */
const topicsSource = <T>(
  operator: string,
  given: string,
  elements: string,
  options: MqttOptions,
): StreamSource<T> => {
  const name = checkSourceName(operator, given)
  const { filter = name, broker, clientId, security, id } = options
  const { protocol = '3.1.1', retained = false } = options
  checkChoice(operator, 'protocol', protocol, ['3.1.1', '5'])
  if (security !== undefined) checkAnyFunction(operator, security)
  if (id !== undefined) checkFunction(operator, id)
  const declaration: MqttDeclaration = {
    kind: 'mqtt',
    name,
    elements,
    storesMessages: true,
    security,
    id,
    ...(broker === undefined
      ? {}
      : { literal: checkText(operator, broker, 'the address of a broker') }),
    settings: {
      filter: checkFilter(operator, filter),
      protocol,
      retained: checkFlag('retained', retained),
      ...(clientId === undefined ? {} : { clientId: checkSourceName(operator, clientId) }),
    },
  }
  return Object.freeze({ operator, parameters: { name }, declaration })
}
