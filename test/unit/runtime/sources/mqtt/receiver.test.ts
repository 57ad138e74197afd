/** What a receiver of messages stores, holds back, and acknowledges. */
import { setImmediate as turn } from 'node:timers/promises'
import { mqtt, type MqttOptions } from 'millrace/mqtt'
import { describe, expect, test } from 'vitest'
import type { SourceDeclaration } from '../../../../../lib/dstream/sources/declaration.ts'
import { LINE_BYTES_MAX } from '../../../../../lib/formats/text-lines.ts'
import type {
  BrokerConsumer,
  BrokerMessage,
  BrokerTarget,
  OpenBroker,
} from '../../../../../lib/ports/message-broker.ts'
import type { Delivery } from '../../../../../lib/ports/receiver.ts'
import { mqttReceiver } from '../../../../../lib/runtime/sources/mqtt/receiver.ts'

const TARGET: BrokerTarget = {
  host: 'broker',
  port: 1,
  tls: false,
  clientId: 'x',
  protocol: '3.1.1',
  filter: '#',
  retained: false,
}

const message = (
  payload: string | Uint8Array,
  rest: Partial<BrokerMessage> = {},
): BrokerMessage => ({
  topic: 'a',
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
  ...rest,
})

/** A receiver over a broker and a lane that do what they are told. */
class Bed {
  readonly deliveries: Delivery[] = []
  readonly reports: string[] = []
  readonly ended: Promise<void>
  readonly stop = new AbortController()
  consumer: BrokerConsumer | undefined
  connections = 0
  stopped = 0
  nowMs = 0
  store: () => Promise<void> = async () => undefined
  #close: (reason: string) => void = () => undefined

  constructor(options: MqttOptions = {}, target: Partial<BrokerTarget> = {}) {
    const declared: SourceDeclaration = mqtt('rooms', options).declaration
    const open: OpenBroker = (_, consumer) => {
      this.consumer = consumer
      this.connections += 1
      const closed = Promise.withResolvers<string>()
      this.#close = closed.resolve
      return { closed: closed.promise, stop: async () => void (this.stopped += 1) }
    }
    const clock = {
      now: () => this.nowMs,
      sleep: async (ms: number) => {
        this.nowMs += ms
        await turn()
      },
    }
    const whole = { ...TARGET, ...target }
    const parts = { address: 'mqtt://broker', declared, target: () => whole, clock }
    const receiver = mqttReceiver({ ...parts, open: async () => open })
    const sink = {
      store: async (delivery: Delivery) => {
        await this.store()
        this.deliveries.push(delivery)
      },
      report: (text: string, failure?: string) =>
        void this.reports.push(failure === undefined ? text : `${text}: ${failure}`),
    }
    this.ended = receiver.run(sink, { signal: this.stop.signal, untilEnd: false })
    this.ended.catch(() => undefined)
  }

  take(...messages: readonly BrokerMessage[]): readonly Promise<void>[] {
    const taken = messages.map((one) => (this.consumer as BrokerConsumer).take(one))
    for (const one of taken) one.catch(() => undefined)
    return taken
  }

  close(reason: string): void {
    this.#close(reason)
  }

  get records(): readonly unknown[] {
    return this.deliveries.flatMap(({ records }) => records)
  }
}

const opened = async (...given: ConstructorParameters<typeof Bed>): Promise<Bed> => {
  const bed = new Bed(...given)
  await turn()
  return bed
}

test('messages that come during an append are stored together by the next', async () => {
  const bed = await opened()
  const first = Promise.withResolvers<void>()
  bed.store = () => first.promise
  void bed.take(message('1'))
  await turn()
  const rest = bed.take(...['2', '3', '4'].map((text) => message(text)))
  bed.store = async () => undefined
  first.resolve()
  await Promise.all(rest)
  expect(bed.deliveries.map(({ records }) => records.length)).toEqual([1, 3])
  expect(bed.deliveries.every(({ comesAgain }) => comesAgain === true)).toBe(true)
})

test('what a client hands on without a turn for anything else is one append', async () => {
  const bed = await opened()
  const stored: Promise<void>[] = []
  for (let number = 0; number < 5_000; number++) {
    stored.push(...bed.take(message(String(number))))
    // As the client does between two messages.
    await new Promise<void>((resolve) => process.nextTick(resolve))
  }
  await Promise.all(stored)
  expect(bed.records).toHaveLength(5_000)
  expect(bed.deliveries.length).toBeLessThan(3)
})

test('what is no text or too long is put aside at its place', async () => {
  const bed = await opened()
  const long = new Uint8Array(LINE_BYTES_MAX + 1)
  await Promise.all(
    bed.take(message('a'), message(Buffer.of(0xff, 1)), message(long), message('b'), message('')),
  )
  expect(bed.records).toEqual([{ body: 'a' }, { body: 'b' }, { body: '' }])
  const rejected = bed.deliveries.flatMap((one) => one.rejected)
  expect(rejected.map(({ code, index, sizeBytes }) => [code, index, sizeBytes])).toEqual([
    ['LINE_NOT_UTF8', 1, 2],
    ['LINE_TOO_LONG', 1, LINE_BYTES_MAX + 1],
  ])
  expect(rejected.every(({ data }) => data.length <= 1_000)).toBe(true)
})

test.each<[string, boolean, number]>([
  ['are left out and acknowledged', false, 0],
  ['are taken if the source wants them', true, 1],
])('retained messages %s', async (_, retained, count) => {
  const bed = await opened({ retained }, { retained })
  await Promise.all(bed.take(message('kept', { retain: true })))
  expect(bed.records).toHaveLength(count)
})

describe('an id', () => {
  test.each<[string, MqttOptions['id'], unknown]>([
    ['is stored', () => 'i-1', 'i-1'],
    ['may be missing', () => undefined, undefined],
    ['that is long is a hash', () => 'x'.repeat(200), expect.stringMatching(/^[0-9a-f]{64}$/)],
    ['of other letters is a hash', () => 'ä b', expect.stringMatching(/^[0-9a-f]{64}$/)],
  ])('%s', async (_, id, stored) => {
    const bed = await opened(id === undefined ? {} : { id })
    await Promise.all(bed.take(message('a')))
    expect((bed.records[0] as { readonly id?: string }).id).toEqual(stored)
    expect(bed.reports).toEqual([])
  })

  test.each<[string, MqttOptions['id'], string]>([
    ['cannot be made', () => JSON.parse('?') as string, 'JSON'],
    ['is empty', () => '', 'an id is a text'],
    ['is a number', () => 7 as never, 'an id is a text, not 7'],
  ])('that %s is told once a minute, and the message counts', async (_, id, says) => {
    const bed = await opened(id === undefined ? {} : { id })
    await Promise.all(bed.take(message('a'), message('b')))
    bed.nowMs += 60_000
    await Promise.all(bed.take(message('c')))
    expect(bed.records).toEqual([{ body: 'a' }, { body: 'b' }, { body: 'c' }])
    expect(bed.reports).toHaveLength(2)
    expect(bed.reports[0]).toContain('counts each time')
    expect(bed.reports[0]).toContain(says)
  })
})

describe('what waits is bounded', () => {
  test.each<[string, number, number]>([
    ['in messages', 20_000, 1],
    ['in bytes', 9, 4 * 1024 * 1024],
  ])('%s', async (_, count, bytes) => {
    const bed = await opened()
    const gate = Promise.withResolvers<void>()
    bed.store = () => gate.promise
    const payload = 'x'.repeat(bytes)
    const taken = bed.take(...Array.from({ length: count - 2 }, () => message(payload)))
    expect(bed.consumer?.room()).toBe(undefined)
    const more = bed.take(message(payload), message(payload))
    const room = bed.consumer?.room()
    expect(room).toBeInstanceOf(Promise)
    gate.resolve()
    await room
    await Promise.all([...taken, ...more])
    expect(bed.consumer?.room()).toBe(undefined)
    expect(bed.records).toHaveLength(count)
  })
})

test('a connection that ends is opened again after 2 s, and told', async () => {
  const bed = await opened()
  bed.close('the broker is away')
  await turn()
  await turn()
  expect(bed.connections).toBe(2)
  expect(bed.nowMs).toBe(2_000)
  expect(bed.reports).toEqual(['mqtt://broker: connects again in 2 s: the broker is away'])
})

test('a stop takes nothing more, stores what it has, and says good-bye', async () => {
  const bed = await opened()
  const gate = Promise.withResolvers<void>()
  bed.store = () => gate.promise
  const [first] = bed.take(message('a'))
  await turn()
  bed.stop.abort()
  const [late] = bed.take(message('b'))
  await expect(late).rejects.toThrow('the run ends')
  expect(bed.stopped).toBe(0)
  gate.resolve()
  await first
  await bed.ended
  expect(bed.stopped).toBe(1)
  expect(bed.records).toEqual([{ body: 'a' }])
})

test('when a store has failed, nothing more is stored, and the run ends', async () => {
  const bed = await opened()
  const gate = Promise.withResolvers<void>()
  bed.store = () => gate.promise
  const first = bed.take(message('a'))
  await turn()
  const next = bed.take(message('b'))
  bed.store = async () => undefined
  gate.reject(new Error('the lane is taken'))
  for (const one of [...first, ...next]) await expect(one).rejects.toThrow('the lane is taken')
  const [late] = bed.take(message('c'))
  await expect(late).rejects.toThrow('an earlier message')
  await expect(bed.ended).rejects.toThrow('the lane is taken')
  expect(bed.records).toEqual([])
  expect(bed.stopped).toBe(1)
})
