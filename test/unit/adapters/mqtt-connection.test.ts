/** Connections to a real broker: what is acknowledged when, what is held, and what goes wrong. */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openMqtt } from '../../../lib/adapters/local/mqtt/mqtt-connection.ts'
import type {
  BrokerConnection,
  BrokerMessage,
  BrokerTarget,
} from '../../../lib/ports/message-broker.ts'
import { TestBroker } from '../../brokers/mqtt-broker.ts'

/** A client that stores only when it is told to. */
class Client {
  readonly taken: BrokerMessage[] = []
  readonly #stores: PromiseWithResolvers<void>[] = []
  readonly #subscribed = Promise.withResolvers<void>()
  readonly connection: BrokerConnection
  room: PromiseWithResolvers<void> | undefined

  constructor(port: number, target: Partial<BrokerTarget> = {}) {
    this.connection = openMqtt(
      {
        host: '127.0.0.1',
        port,
        tls: false,
        clientId: 'reader',
        protocol: '3.1.1',
        filter: 'rooms/#',
        retained: false,
        ...target,
      },
      {
        take: (message) => {
          this.taken.push(message)
          const store = Promise.withResolvers<void>()
          this.#stores.push(store)
          return store.promise
        },
        room: () => this.room?.promise,
        subscribed: () => this.#subscribed.resolve(),
      },
    )
  }

  get subscribed(): Promise<unknown> {
    return Promise.race([this.#subscribed.promise, this.connection.closed])
  }

  get texts(): readonly string[] {
    return this.taken.map(({ payload }) => Buffer.from(payload).toString())
  }

  /** The next messages are stored, or not. */
  settle(count: number, error?: Error): void {
    for (const store of this.#stores.splice(0, count))
      if (error === undefined) store.resolve()
      else store.reject(error)
  }

  async has(count: number): Promise<void> {
    await expect.poll(() => this.taken.length, { timeout: 5_000 }).toBe(count)
  }
}

const publishAll = async (broker: TestBroker, texts: readonly string[]): Promise<void> => {
  for (const text of texts) await broker.publish('rooms/1', text)
}

const numbered = (count: number, prefix = 'v'): readonly string[] =>
  Array.from({ length: count }, (_, number) => `${prefix}${number}`)

describe('a message', () => {
  test('is acknowledged when it is stored, and others come before that', async () => {
    await using broker = await TestBroker.open()
    const client = new Client(broker.port)
    await client.subscribed
    await publishAll(broker, numbered(20))
    await client.has(20)
    expect(client.texts).toEqual(numbered(20))
    expect(client.taken[0]).toMatchObject({ topic: 'rooms/1', qos: 1, retain: false })
    await pause(50)
    expect(broker.acknowledged).toEqual([])
    client.settle(7)
    await expect.poll(() => broker.acknowledged).toEqual(numbered(7))
    client.settle(13)
    await client.connection.stop()
    expect(broker.acknowledged).toEqual(numbered(20))
  })

  test('that was not stored comes again with the next connection, and no other', async () => {
    await using broker = await TestBroker.open()
    const first = new Client(broker.port)
    await first.subscribed
    await publishAll(broker, numbered(6))
    await first.has(6)
    first.settle(3)
    first.settle(3, new Error('no room in the store'))
    await first.connection.stop()
    await publishAll(broker, numbered(2, 'later'))
    const second = new Client(broker.port)
    await second.has(5)
    expect(second.texts.toSorted()).toEqual(['later0', 'later1', 'v3', 'v4', 'v5'])
    second.settle(5)
    await second.connection.stop()
  })

  test('of a connection that was cut is not acknowledged on the next', async () => {
    await using broker = await TestBroker.open()
    const first = new Client(broker.port)
    await first.subscribed
    await publishAll(broker, ['old'])
    await first.has(1)
    broker.cut()
    await first.connection.closed
    const second = new Client(broker.port)
    await second.has(1)
    first.settle(1)
    await pause(50)
    expect(broker.acknowledged).toEqual([])
    second.settle(1)
    await second.connection.stop()
    expect(broker.acknowledged).toEqual(['old'])
  })

  test('of QoS 0 is taken, and not acknowledged', async () => {
    await using broker = await TestBroker.open()
    const client = new Client(broker.port)
    await client.subscribed
    await broker.publish('rooms/1', 'zero', { qos: 0 })
    await client.has(1)
    expect(client.taken[0]).toMatchObject({ qos: 0 })
    expect(client.taken[0]).not.toHaveProperty('packetId')
    client.settle(1)
    await client.connection.stop()
    expect(broker.acknowledged).toEqual([])
  })

  test('that was kept from before the subscription says so', async () => {
    await using broker = await TestBroker.open()
    await broker.publish('rooms/1', 'kept', { retain: true })
    const client = new Client(broker.port)
    await client.has(1)
    expect(client.taken[0]).toMatchObject({ retain: true })
    client.settle(1)
    await client.connection.stop()
  })
})

test('while there is no room, little comes, and then the rest', async () => {
  await using broker = await TestBroker.open()
  const client = new Client(broker.port)
  await client.subscribed
  client.room = Promise.withResolvers<void>()
  await publishAll(broker, numbered(50))
  await pause(100)
  expect(client.taken.length).toBe(1)
  client.room.resolve()
  client.room = undefined
  await client.has(50)
  client.settle(50)
  await client.connection.stop()
  expect(broker.acknowledged).toEqual(numbered(50))
})

describe('a connection that', () => {
  const login = { username: 'reader', password: 'right' }

  test.each([
    ['has the password stays', 'right', undefined],
    ['has another password ends', 'wrong', /not authorized|bad user/i],
  ])('%s', async (_, password, says) => {
    await using broker = await TestBroker.open({ login })
    const client = new Client(broker.port, { username: 'reader', password })
    if (says === undefined) {
      expect(await client.subscribed).toBe(undefined)
      await client.connection.stop()
    } else expect(await client.connection.closed).toMatch(says)
  })

  test('finds nobody ends', async () => {
    expect(await new Client(1).connection.closed).toContain('ECONNREFUSED')
  })

  test('asks for TLS where there is none ends', async () => {
    await using broker = await TestBroker.open()
    expect(await new Client(broker.port, { tls: true }).connection.closed).toMatch(
      /ssl|tls|closed/i,
    )
  })

  test('is cut ends, also while there is no room', async () => {
    await using broker = await TestBroker.open()
    const client = new Client(broker.port)
    await client.subscribed
    client.room = Promise.withResolvers<void>()
    await publishAll(broker, ['one'])
    await client.has(1)
    broker.cut()
    expect(await client.connection.closed).toBe('the connection was closed')
  })
})
