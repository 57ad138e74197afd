/** Topics of MQTT that `millrace receive` feeds: deaths at each call, names, and bindings. */
import { mqtt, type MqttOptions } from 'millrace/mqtt'
import { describe, expect, test } from 'vitest'
import type {
  BrokerMessage,
  BrokerTarget,
  OpenBroker,
} from '../../../../lib/ports/message-broker.ts'
import type { Location } from '../../../../lib/runtime/locations.ts'
import { lineReceiver, ReceiveBed } from './receive-bed.ts'

const BROKER: Location & object = {
  kind: 'mqtt',
  host: 'broker',
  port: 1_883,
  tls: false,
} as Location

/** A broker that sends what is not acknowledged, from the beginning, with each connection. */
class FakeBroker {
  readonly targets: BrokerTarget[] = []
  readonly #waiting = new Set<BrokerMessage>()
  #stop = new AbortController()

  add(...texts: readonly string[]): void {
    for (const text of texts)
      this.#waiting.add({ topic: 'a', payload: Buffer.from(text), qos: 1, retain: false })
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Aborted when everything is acknowledged. */
  signal(): AbortSignal {
    this.#stop = new AbortController()
    return this.#stop.signal
  }

  readonly open: OpenBroker = (target, consumer) => {
    this.targets.push(target)
    consumer.subscribed()
    for (const message of this.#waiting)
      consumer.take(message).then(
        () => {
          this.#waiting.delete(message)
          if (this.#waiting.size === 0) this.#stop.abort()
        },
        () => undefined,
      )
    return { closed: new Promise(() => undefined), stop: async () => undefined }
  }
}

const idOf: MqttOptions['id'] = ({ payload }) => Buffer.from(payload).toString()

const bedOf = (broker: FakeBroker, options: MqttOptions): ReceiveBed =>
  new ReceiveBed(
    { mqtt: async () => broker.open, socket: () => lineReceiver(['x']) },
    BROKER,
    (ssc) => ssc.streamFrom(mqtt('rooms', options)),
  )

describe('a process feeds topics of MQTT', () => {
  test.each([
    ['with ids each message counts once', { id: idOf }, true],
    ['without ids each message counts at least once', {}, false],
  ])('%s, with a death at each call of the store', async (_, options, isOnce) => {
    let deaths = 0
    let twice = 0
    for (let deathAt = 1, died = true; died; deathAt++) {
      died = false
      for (const applied of [false, true]) {
        const broker = new FakeBroker()
        const bed = bedOf(broker, options)
        broker.add('a', 'b')
        await bed.feed({ untilEnd: false, signal: broker.signal() })
        await bed.drive()
        broker.add('c', 'd', 'a')
        const how = { untilEnd: false, deathAt, applied }
        if ((await bed.feed({ ...how, signal: broker.signal() })) === 'dead') {
          died = true
          deaths += 1
        }
        broker.add('e')
        await bed.feed({ untilEnd: false, signal: broker.signal() })
        await bed.drive()
        expect(broker.waiting).toBe(0)
        expect(new Set(bed.taken)).toEqual(new Set(['a', 'b', 'c', 'd', 'e']))
        if (isOnce) expect(bed.taken).toHaveLength(5)
        else twice += bed.taken.length - 6
      }
    }
    expect(deaths).toBeGreaterThan(4)
    if (!isOnce) expect(twice).toBeGreaterThan(0)
  })

  test('under its name, so that the broker keeps two of them apart', async () => {
    const broker = new FakeBroker()
    const bed = bedOf(broker, { id: idOf })
    for (const name of ['edge-1', 'edge/2', undefined]) {
      broker.add('a', `of ${name}`)
      await bed.feed({
        untilEnd: false,
        signal: broker.signal(),
        ...(name === undefined ? {} : { name }),
      })
    }
    await bed.drive()
    expect(bed.taken).toEqual(expect.arrayContaining(['a', 'of edge-1', 'of edge/2']))
    expect(bed.taken).toHaveLength(4)
    const [first = '', second = '', third] = broker.targets.map(({ clientId }) => clientId)
    expect(first).toBe('millrace-app-lines-edge-1')
    expect(second).toMatch(/^millrace-app-lines-edge_2-[0-9a-f]{8}$/)
    expect(third).toBe('millrace-app-lines')
  })

  test('and from nothing else, since its lanes hold messages', async () => {
    const { open } = new FakeBroker()
    const sources = { mqtt: async () => open, socket: () => lineReceiver(['x']) }
    const bed = new ReceiveBed(sources, undefined, (ssc) => ssc.streamFrom(mqtt('rooms')))
    await expect(bed.feed()).rejects.toThrow(/cannot feed "rooms" from a socket[^]*mqtt:\/\//)
  })

  test('for a source of text of another kind, with a filter in the binding', async () => {
    const broker = new FakeBroker()
    broker.add('a', 'b')
    const bedAt = (location: object): ReceiveBed =>
      new ReceiveBed({ mqtt: async () => broker.open }, { ...BROKER, ...location } as Location)
    const bed = bedAt({ filter: 'rooms/#' })
    await bed.feed({ untilEnd: false, signal: broker.signal() })
    await bed.drive()
    expect(bed.taken).toEqual(['a', 'b'])
    await expect(bedAt({}).feed()).rejects.toThrow(/which topics[^]*BINDING_UNFIT/)
  })

  test('and a run that ends takes none', async () => {
    const broker = new FakeBroker()
    broker.add('a')
    const bed = bedOf(broker, {})
    expect(await bed.feed()).toBe('ended')
    expect(broker.waiting).toBe(1)
  })
})
