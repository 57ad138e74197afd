/** Reads topics of Kafka: each partition is a lane. */
import { TEXT } from '../../../dstream/sources/declaration.ts'
import { KAFKA_RECORDS, type KafkaDeclaration } from '../../../dstream/sources/kafka.ts'
import type { KafkaSecurity } from '../../../dstream/sources/kafka.ts'
import type { TopicReader } from '../../../ports/topic-reader.ts'
import { invalidLocation, type LocationForm } from '../../locations.ts'
import { lanesInput } from '../lanes/input.ts'
import { lanesReader } from '../lanes/reader.ts'
import { type OpenSourceParts, registerSourceKind, type SourceKind } from '../source-kind.ts'
import { kafkaEvents, type KafkaLocation, topicOf } from './event.ts'
import { kafkaFeed } from './feed.ts'
import { earlierLives } from './lanes.ts'
import { targetOf } from './records.ts'
import type { LaneFeed } from '../lane-feed.ts'

/** What is needed to connect to a topic. */
export interface TopicConnection {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly security: KafkaSecurity
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** Under which positions are written down. Undefined: they are not. */
  readonly groupId: string | undefined
}

declare module '../source-ports.ts' {
  interface SourcePorts {
    /** Connects to brokers. Left out: topics come in events. */
    readonly kafka?: (connection: TopicConnection) => Promise<TopicReader>
  }
}

const URI = /^kafka:\/\/([^/\s?#]+)(?:\/([\w.-]+))?$/i
const BROKER = /^(?:\[[0-9a-f:.]+\]|[^\s:@,[\]]+):\d{1,5}$/i

const form: LocationForm<KafkaLocation> = {
  shown: 'kafka://HOST:PORT[,HOST:PORT]/TOPIC',
  example: 'kafka://localhost:9092',
  schemes: ['kafka'],
  parse(uri: string): KafkaLocation {
    const [, brokers = '', topic] = URI.exec(uri) ?? []
    if (!brokers.split(',').every((broker) => BROKER.test(broker)))
      throw invalidLocation('This is not the address of a topic', uri, {
        allowed: 'kafka://HOST:PORT[,HOST:PORT]/TOPIC; the topic may be left out',
        fix: 'give one or more brokers, for example kafka://localhost:9092/orders',
      })
    return { kind: 'kafka', brokers, ...(topic === undefined ? {} : { topic }) }
  },
}

const feedOf = (location: KafkaLocation, parts: OpenSourceParts): LaneFeed | undefined => {
  const { source, ports, clock } = parts
  const declared = parts.declared as KafkaDeclaration
  const { settings = {}, security } = declared
  const { brokers } = location
  if (brokers === undefined) return undefined
  const { kafka: port } = ports
  if (port === undefined) throw new TypeError('there are no brokers in this world')
  const topic = topicOf({ source, declared, location })
  const groupId = settings['groupId'] as string | undefined
  return kafkaFeed({
    topic,
    target: targetOf(source, declared),
    open: async () =>
      port({
        brokers: brokers.split(','),
        topic,
        security: security?.() ?? {},
        isolation:
          settings['isolation'] === 'read_uncommitted' ? 'read_uncommitted' : 'read_committed',
        groupId,
      }),
    clock,
    commits: groupId !== undefined,
    failOnDataLoss: settings['failOnDataLoss'] === true,
  })
}

const kafka: SourceKind<KafkaLocation> = {
  name: 'kafka',
  noun: 'a topic of Kafka',
  gives: [TEXT, KAFKA_RECORDS],
  form,
  isAvailable: () => true,
  locateUnbound: ({ settings: { brokers } = {} }) =>
    typeof brokers === 'string' ? { kind: 'kafka', brokers } : undefined,
  unboundFix: ({ name, elements }) =>
    `--bind ${name}=kafka://localhost:9092${elements === TEXT ? `, or --bind ${name}=./in` : ''}`,
  parseDeployed: ({ cluster, topic }) =>
    typeof cluster === 'string' && typeof topic === 'string'
      ? { kind: 'kafka', cluster, topic }
      : undefined,
  deployedForm: '{ "kind": "kafka", "cluster": "arn:...", "topic": "name" }',
  describe: ({ topic, brokers, cluster }) => ({
    what: `records of ${topic ?? 'a topic'} of ${brokers ?? cluster}`,
  }),
  open: (location, parts) => {
    const { store, app, source, held } = parts
    const reader = lanesReader({ store, app, source, held, predecessors: earlierLives })
    const feed = feedOf(location, parts)
    return { reader, ...(feed === undefined ? {} : { feed }) }
  },
  predecessors: earlierLives,
  input: lanesInput,
  events: () => kafkaEvents,
}

registerSourceKind(kafka)
