/** Topics of Kafka as sources: the declaration, which `millrace/kafka` exports. */
import { MillraceError } from '../../base/errors.ts'
import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkAnyFunction, checkChoice, checkFunction, checkSourceName } from '../checks.ts'
import { type SourceDeclaration, TEXT } from './declaration.ts'
import { checkStart } from './start-time.ts'
import type { StreamSource } from './stream-source.ts'

/**
 * One record of a topic, as `kafkaRecords` gives it.
 *
 * @example const isDeleted = ({ value }: KafkaRecord): boolean => value === null
 */
export interface KafkaRecord {
  /** The bytes of the key. Null: it has none. */
  readonly key: Uint8Array | null
  /** The bytes of the value. Null: a tombstone, which deletes its key in a compacted topic. */
  readonly value: Uint8Array | null
  /** In the order in which the producer gave them. A name may come more than once. */
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[]
  readonly topic: string
  /** From 0. */
  readonly partition: number
  /** Its place in the partition. Numbers may be missing: compaction and transactions take some. */
  readonly offset: number
  /** By the producer or by the broker, as the topic is set. It does not always increase. */
  readonly timestamp: Date
}

/**
 * Where to start when the application first reads a topic. After that, it continues where it
 * stopped.
 *
 * @example const start: KafkaStart = { at: new Date('2026-01-01') }
 */
export type KafkaStart = 'earliest' | { readonly at: Date }

/**
 * How to log in to brokers, on a machine of yours.
 *
 * @example const security = (): KafkaSecurity => ({ tls: true })
 */
export interface KafkaSecurity {
  /** Whether to encrypt. A text: the certificates of the authority, in PEM. Default `false`. */
  readonly tls?: boolean | { readonly ca: string }
  /** Default: no log-in. */
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
    readonly username: string
    readonly password: string
  }
}

/**
 * Settings of `kafka`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(kafka('orders', { topic: 'shop.orders', brokers: ['localhost:9092'] }))
 * ```
 */
export interface KafkaOptions {
  /** The name of the topic. Default: the name of the source. */
  readonly topic?: string
  /**
   * Where to start. `'earliest'`: at the oldest record that the topic still has. `{ at }`: records
   * with an earlier timestamp are left out. Starting at the latest record is not possible: records
   * that are put before the first read would be lost. Default `'earliest'`.
   */
  readonly startingOffsets?: KafkaStart
  /**
   * Brokers to begin with, as `HOST:PORT`, on a machine of yours. Default: a binding says it,
   * `--bind orders=kafka://localhost:9092`.
   */
  readonly brokers?: readonly string[]
  /** Called when a machine of yours connects, so secrets may come from its environment. */
  readonly security?: () => KafkaSecurity
  /**
   * On a machine of yours: which records of transactions are read. On AWS, Lambda decides. Default
   * `'read_committed'`: only those of transactions that were committed.
   */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  /**
   * A consumer group under which a machine of yours writes down how far it has come, so that tools
   * show the lag. It has no other effect. On AWS it names the group of Lambda. Default: none, and
   * on AWS one that is named after the application and the source.
   */
  readonly groupId?: string
  /**
   * Whether the run ends when records were deleted before they were read, or the topic was
   * replaced. Default `false`: what is missing becomes one dead letter, and the run goes on.
   */
  readonly failOnDataLoss?: boolean
  /**
   * On AWS: how often the topic was deleted and created again. Counted up by hand, it says that
   * offsets begin anew. A machine of yours finds that out by itself. Default `0`.
   */
  readonly recreated?: number
}

/**
 * Settings of `kafkaRecords`.
 *
 * @example
 * ```ts
 * ssc.streamFrom(kafkaRecords('orders', { decode: ({ key, value }) => [key, value] }))
 * ```
 */
export interface KafkaRecordsOptions<T> extends KafkaOptions {
  /**
   * Makes an element from a record. It must return the same for the same record. A record for which
   * it throws becomes a dead letter. Without it, the record itself is the element.
   */
  readonly decode: (record: KafkaRecord) => T
}

/** The declaration of a topic. */
export interface KafkaDeclaration extends SourceDeclaration {
  readonly kind: 'kafka'
  readonly security?: (() => KafkaSecurity) | undefined
}

/** Elements that are {@link KafkaRecord}s. Only a topic gives them. */
export const KAFKA_RECORDS = 'Kafka records'

/**
 * The records of a topic of Kafka as text: the value of each record is one string, decoded as
 * UTF-8. A value that is not valid UTF-8 becomes a dead letter, and so does a record without a
 * value. Locally the name is bound to brokers, or to another source of text:
 * `--bind orders=kafka://localhost:9092`, `--bind orders=./in`.
 *
 * @param name A name to bind: to brokers locally, to a cluster on AWS.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is empty or an option is not allowed.
 * @example ssc.streamFrom(kafka('orders', { startingOffsets: 'earliest' })).print()
 */
export const kafka = (name: string, options: KafkaOptions = {}): StreamSource<string> =>
  topicSource('kafka', name, TEXT, options)

/**
 * The records of a topic of Kafka with their keys, headers and offsets, or the elements that
 * `decode` makes from them.
 *
 * @param name A name to bind: to brokers locally, to a cluster on AWS.
 * @throws MillraceError `ARGUMENT_INVALID` when the name is empty or an option is not allowed.
 * @example
 * ```ts
 * ssc.streamFrom(kafkaRecords('orders')).map(({ partition, offset }) => `${partition}:${offset}`)
 * ```
 */
export function kafkaRecords<T extends AnyValue>(
  name: string,
  options: KafkaRecordsOptions<T>,
): StreamSource<T>
export function kafkaRecords(name: string, options?: KafkaOptions): StreamSource<KafkaRecord>
export function kafkaRecords<T>(
  name: string,
  options: KafkaOptions & Partial<KafkaRecordsOptions<T>> = {},
): StreamSource<T> {
  const { decode } = options
  if (decode !== undefined) checkFunction('kafkaRecords', decode)
  return {
    ...topicSource<T>('kafkaRecords', name, KAFKA_RECORDS, options),
    ...(decode === undefined ? {} : { decode }),
  }
}

/** Only the name is part of the plan hash: the rest does not affect stored data. */
const topicSource = <T>(
  operator: string,
  given: string,
  elements: string,
  options: KafkaOptions,
): StreamSource<T> => {
  const name = checkSourceName(operator, given)
  const { topic = name, startingOffsets = 'earliest', security, groupId } = options
  const { isolation = 'read_committed', failOnDataLoss = false, recreated = 0 } = options
  checkChoice(operator, 'isolation', isolation, ['read_committed', 'read_uncommitted'])
  if (security !== undefined) checkAnyFunction(operator, security)
  const brokers = checkBrokers(operator, options.brokers)
  const declaration: KafkaDeclaration = {
    kind: 'kafka',
    name,
    elements,
    security,
    settings: {
      topic: checkTopic(operator, topic),
      startMs: checkStart(startingOffsets, { operation: operator, ...START }),
      isolation,
      failOnDataLoss,
      recreated: checkCount(operator, recreated),
      ...(groupId === undefined ? {} : { groupId: checkSourceName(operator, groupId) }),
      ...(brokers === undefined ? {} : { brokers: brokers.join(',') }),
    },
  }
  return Object.freeze({ operator, parameters: { name }, declaration })
}

const START = { option: 'startingOffsets', oldest: 'earliest', division: 'partition' }

/** As Kafka allows it. */
const TOPIC = /^(?!\.{1,2}$)[\w.-]{1,249}$/

const checkTopic = (operation: string, topic: string): string => {
  if (typeof topic === 'string' && TOPIC.test(topic)) return topic
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs the name of a topic`,
    value: topic,
    allowed: 'letters, digits, dots, dashes and underscores, up to 249',
    fix: `name the topic: ${operation}('orders', { topic: 'shop.orders' })`,
  })
}

const checkBrokers = (
  operation: string,
  brokers: readonly string[] | undefined,
): readonly string[] | undefined => {
  const isBroker = (broker: unknown): boolean =>
    typeof broker === 'string' && /^[^\s,/]+:\d{1,5}$/.test(broker)
  if (brokers === undefined) return undefined
  const isList = Array.isArray as (value: unknown) => boolean
  if (isList(brokers) && brokers.length > 0 && brokers.every(isBroker)) return brokers
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() does not allow these brokers`,
    value: brokers,
    allowed: 'a list of HOST:PORT',
    fix: "for example brokers: ['localhost:9092']",
  })
}

const checkCount = (operation: string, recreated: number): number => {
  if (Number.isSafeInteger(recreated) && recreated >= 0) return recreated
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() does not allow this value of recreated`,
    value: recreated,
    allowed: 'a whole number from 0',
  })
}
