/**
 * What Lambda does with a topic, on a real broker: consumers of one group hand their partitions to
 * intake, and commit afterwards. They come, leave and die, so the group is rebalanced all the time,
 * and what was not committed is delivered again by others. Each record is in its lane once.
 */
import { Consumer, type MessagesStream } from '@platformatic/kafka'
import { seconds, stream } from 'millrace'
import { kafka } from 'millrace/kafka'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryItemStore } from '../../../lib/adapters/memory/memory-item-store.ts'
import { eventRoutes } from '../../../lib/runtime/intake/event-routes.ts'
import { readEvent } from '../../../lib/runtime/intake/event-reader.ts'
import { intakeHandler } from '../../../lib/runtime/intake/intake-handler.ts'
import type { KafkaEvent, KafkaLocation } from '../../../lib/runtime/sources/kafka/event.ts'
import { readBlock } from '../../../lib/state/blocks.ts'
import { readLanes } from '../../../lib/state/lanes.ts'
import { Random } from '../../../lib/testing/random.ts'
import { Broker } from './broker.ts'
import { BrokerTopic, eventually } from './topics.ts'

const PARTITIONS = 6
const ROUNDS = 14
const ARN = 'arn:aws:kafka:eu-west-1:111111111111:cluster/shop/1234-5'

let broker: Broker

beforeAll(async () => {
  broker = await Broker.start()
}, 400_000)

afterAll(async () => broker.stop())

type Messages = MessagesStream<Buffer, Buffer, Buffer, Buffer>
interface Message {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: bigint
  readonly value: Buffer
  commit(): void | Promise<void>
}

const store = memoryItemStore()
const plan = stream('app', { batchInterval: seconds(1) }, (ssc) => {
  ssc.streamFrom(kafka('orders')).print()
}).build()
const LOCATION: KafkaLocation = { kind: 'kafka', cluster: ARN, topic: 'orders' }

/** An environment of intake: each has its own memory of the lanes. */
const newIntake = (name: string): ((event: KafkaEvent) => Promise<number>) => {
  const routes = eventRoutes(plan, new Map([['kafka-1', LOCATION]]), {})
  let attempts = 0
  const handle = intakeHandler({
    plan,
    store,
    clock: { now: () => Date.now(), sleep: (ms) => pause(ms) },
    randomness: { attemptId: () => `${name}x${++attempts}` },
    scheduleTriggers: async () => undefined,
  })
  return async (event) => (await handle((await readEvent(event, routes)).appends)).records
}

const eventOf = (messages: readonly Message[]): KafkaEvent => ({
  eventSource: 'aws:kafka',
  eventSourceArn: ARN,
  records: Object.fromEntries(
    Map.groupBy(
      messages.map(({ topic, partition, offset, timestamp, value }) => ({
        topic,
        partition,
        offset: Number(offset),
        timestamp: Number(timestamp),
        value: value.toString('base64'),
      })),
      ({ topic, partition }) => `${topic}-${partition}`,
    ),
  ),
})

const BATCH = 17
let delivered = 0

/** A consumer of the group. It dies without a commit of what it has handed over last. */
class Poller {
  readonly #consumer: Consumer
  readonly #intake: (event: KafkaEvent) => Promise<number>
  #stream: Messages | undefined
  #isDead = false
  #commits = true
  /** Records that were handed over and not committed. */
  #uncommitted = 0
  #working: Promise<void> = Promise.resolve()
  #flushing: Promise<void> = Promise.resolve()

  constructor(name: string) {
    this.#consumer = new Consumer({
      clientId: name,
      groupId: 'lambda',
      bootstrapBrokers: [broker.address],
      sessionTimeout: 6_000,
      rebalanceTimeout: 6_000,
      heartbeatInterval: 300,
    })
    this.#intake = newIntake(name)
  }

  async start(): Promise<void> {
    this.#stream = await this.#consumer.consume({
      topics: ['orders'],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
      maxWaitTime: 100,
    })
    this.#working = this.#work(this.#stream)
  }

  async #work(messages: Messages): Promise<void> {
    let batch: Message[] = []
    const flush = async (): Promise<void> => {
      const taken = batch
      batch = []
      if (taken.length === 0) return
      delivered += taken.length
      await this.#intake(eventOf(taken))
      if (!this.#commits) {
        this.#uncommitted += taken.length
        return
      }
      const lasts = new Map(taken.map((message) => [message.partition, message]))
      // A group that is being rebalanced may refuse it: then these come again.
      for (const message of lasts.values())
        await Promise.resolve(message.commit()).catch(() => undefined)
    }
    const timer = setInterval(() => {
      this.#flushing = this.#flushing.then(flush)
    }, 50)
    try {
      for await (const message of messages) {
        if (this.#isDead) break
        batch.push(message)
        if (batch.length >= BATCH) this.#flushing = this.#flushing.then(flush)
        await this.#flushing
      }
    } catch {
      // A group that is rebalanced may end a stream. What was not committed comes again.
    } finally {
      clearInterval(timer)
      await this.#flushing
    }
  }

  /** Hands over what `put` puts, and dies before it commits it. */
  async die(put: () => Promise<void>): Promise<void> {
    this.#commits = false
    await put()
    await eventually(async () => {
      if (this.#uncommitted === 0) throw new Error('it has handed over nothing')
    }, 20).catch(() => undefined)
    this.#isDead = true
    await this.leave()
  }

  async leave(): Promise<void> {
    await this.#stream?.close().catch(() => undefined)
    await this.#working
    await this.#consumer.close(true).catch(() => undefined)
  }
}

const contentOf = async (): Promise<readonly (readonly string[])[]> => {
  const lanes = await readLanes(store, 'app', 'kafka-1')
  return Promise.all(
    lanes.map(async ({ entries }) => {
      const refs = entries.flatMap(({ blocks }) => blocks)
      const blocks = await Promise.all(refs.map((ref) => readBlock(store, 'app', ref)))
      return blocks.flatMap(({ records }) => records as readonly string[])
    }),
  )
}

test(
  'a group that is rebalanced all the time: each record is in its lane once, in order',
  { timeout: 240_000 },
  async () => {
    const random = new Random(20_263)
    const topic = await BrokerTopic.create(broker.address, 'orders', PARTITIONS)
    const put: string[] = []
    const pollers: Poller[] = []
    let started = 0
    const putSome = async (): Promise<void> => {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const records = Array.from({ length: random.between(1, 25) }, () => {
          const value = `${partition}:${String(put.length).padStart(6, '0')}`
          put.push(value)
          return { value }
        })
        await topic.put(partition, records)
      }
    }
    for (let round = 0; round < ROUNDS; round++) {
      await putSome()
      if (pollers.length < 3 && random.chance(0.8)) {
        const poller = new Poller(`poller${++started}`)
        await poller.start()
        pollers.push(poller)
      } else {
        const [poller] = pollers.splice(random.between(0, pollers.length - 1), 1)
        await (random.chance(0.7) ? poller?.die(putSome) : poller?.leave())
      }
      await pause(random.between(0, 400))
    }
    if (pollers.length === 0) {
      const poller = new Poller('last')
      await poller.start()
      pollers.push(poller)
    }
    await eventually(async () => {
      if ((await contentOf()).flat().length < put.length) throw new Error('not yet')
    }, 600)
    await Promise.all(pollers.map((poller) => poller.leave()))
    const content = await contentOf()
    expect(content.flat().toSorted()).toEqual(put.toSorted())
    for (const lane of content) expect(lane).toEqual(lane.toSorted())
    expect(delivered).toBeGreaterThan(put.length)
    process.stdout.write(
      `${put.length} records once each; ${delivered} were delivered, by ${started} consumers\n`,
    )
    await topic.close()
  },
)
