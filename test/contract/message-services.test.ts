import { describe, expect, test } from 'vitest'
import type { Sink } from '../../lib/ports/sink.ts'
import type { Message } from '../../lib/rdd/sink-declaration.ts'
import { eventbridge } from '../../lib/sinks/eventbridge/eventbridge.ts'
import { kinesis } from '../../lib/sinks/kinesis/kinesis.ts'
import { sns } from '../../lib/sinks/sns/sns.ts'
import { errorOf } from './errors.ts'
import { failure, fakeBus, type Faked, fakeStream, fakeTopic, type Judge } from './fake-services.ts'
import { sinkContract } from './sink.contract.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

const FIFO = 'arn:aws:sns:eu-west-1:1:orders.fifo'
const STANDARD = 'arn:aws:sns:eu-west-1:1:orders'

const write = <M extends Message>(
  sink: Sink<readonly M[]>,
  messages: readonly unknown[],
  { settings = {}, epoch = 1 }: { readonly settings?: object; readonly epoch?: number } = {},
): Promise<void> =>
  writeBatch(sink, { path: 'a/1000', timeMs: 1_000, settings }, fenceOf(1, epoch), [
    messages as readonly M[],
  ])

/** Each service, with messages of the elements 0, 1, 2, ... that it takes. */
const SERVICES: readonly {
  readonly name: string
  readonly fake: (judge?: Judge) => Faked<never>
  readonly send: (element: string) => unknown
  readonly entriesMax: number
  readonly bytesMax: number
  readonly atOnce: number
  readonly throttled: string
  readonly fault: string
}[] = [
  {
    name: 'a FIFO topic',
    fake: (judge) => fakeTopic(FIFO, judge) as unknown as Faked<never>,
    send: sns<string>('a').send,
    entriesMax: 10,
    bytesMax: 262_144,
    atOnce: 1,
    throttled: 'Throttled',
    fault: 'InvalidParameter',
  },
  {
    name: 'a standard topic',
    fake: (judge) => fakeTopic(STANDARD, judge) as unknown as Faked<never>,
    send: sns<string>('a', { attributes: (text) => ({ size: text.length }) }).send,
    entriesMax: 10,
    bytesMax: 262_144,
    atOnce: 8,
    throttled: 'KMS.ThrottlingException',
    fault: 'InvalidParameter',
  },
  {
    name: 'an event bus',
    fake: (judge) => fakeBus('default', judge) as unknown as Faked<never>,
    send: eventbridge<string>('a', { source: 's', detailType: 't' }).send,
    entriesMax: 10,
    bytesMax: 262_144,
    atOnce: 8,
    throttled: 'ThrottlingException',
    fault: 'MalformedDetail',
  },
  {
    name: 'a stream',
    fake: (judge) => fakeStream('clicks', judge) as unknown as Faked<never>,
    send: kinesis<string>('a').send,
    entriesMax: 500,
    bytesMax: 5 * 1024 * 1024,
    atOnce: 1,
    throttled: 'ProvisionedThroughputExceededException',
    fault: 'KMSAccessDeniedException',
  },
]

/** The element in the text of an entry. */
const elementIn = (text: string): string => /m\d+/.exec(text)?.[0] ?? ''

/** A small generator of numbers, the same in each run. */
const numbers = (seed: number): (() => number) => {
  let last = seed
  return () => {
    last = (Math.imul(last, 1_103_515_245) + 12_345) & 0x7fffffff
    return last / 0x7fffffff
  }
}

describe.each(SERVICES)('$name', ({ fake, send, entriesMax, bytesMax, atOnce, ...codes }) => {
  const { throttled, fault } = codes
  const messages = (count: number): readonly unknown[] =>
    Array.from({ length: count }, (_, index) => send(`m${index}`))

  test('gets as few calls as its limits allow, and no more at the same time', async () => {
    const { service, sink } = fake()
    await write(sink, messages(4 * entriesMax + 1))
    expect(service.calls.map((texts) => texts.length).toSorted((a, b) => b - a)).toEqual([
      entriesMax,
      entriesMax,
      entriesMax,
      entriesMax,
      1,
    ])
    expect(service.atOnceMax).toBeLessThanOrEqual(atOnce)
    expect(service.atOnceMax).toBe(Math.min(atOnce, 5))
  })

  test('gets no call of more bytes than it counts', async () => {
    const { service, sink } = fake()
    const random = numbers(7)
    const sizes = Array.from({ length: 120 }, () => 1 + Math.floor(random() * bytesMax * 0.15))
    await write(
      sink,
      sizes.map((size) => send('x'.repeat(size))),
    )
    expect(service.calls.flat()).toHaveLength(120)
    for (const bytes of service.bytes) expect(bytes).toBeLessThanOrEqual(bytesMax)
    const total = service.bytes.reduce((sum, bytes) => sum + bytes, 0)
    // Two neighbours together are always more than a call may have, unless there are too many.
    expect(service.calls.length).toBeLessThanOrEqual(2 * Math.ceil(total / bytesMax) + 12)
  })

  test.each([1, 2, 3, 4, 5])('gets each message once, whatever it refuses: %i', async (seed) => {
    const random = numbers(seed)
    const refused = new Map<string, number>()
    const { service, sink } = fake((text) => {
      const before = refused.get(text) ?? 0
      const drawn = before < 4 ? random() : 1
      if (drawn < 0.4) refused.set(text, before + 1)
      if (drawn < 0.3) return throttled
      return drawn < 0.4 ? 'InternalFailure' : undefined
    })
    await write(sink, messages(1_100))
    const taken = service.taken.map((given) => elementIn(JSON.stringify(given)))
    expect(taken).toHaveLength(1_100)
    expect(new Set(taken).size).toBe(1_100)
    // Only what was refused is sent again: four of ten, and of these, and so on.
    expect(service.calls.flat().length).toBeLessThan(1_100 * 2)
  })

  test('refuses some: they are sent again alone, in their order', async () => {
    const { service, sink } = fake((_, index, call) =>
      call === 1 && [1, 4, 6].includes(index) ? throttled : undefined,
    )
    await write(sink, messages(8))
    expect(service.calls.map((texts) => texts.map(elementIn))).toEqual([
      ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'],
      ['m1', 'm4', 'm6'],
    ])
  })

  test('takes one message of each call: that goes on', async () => {
    const { service, sink } = fake((_, index) => (index === 0 ? undefined : throttled))
    await write(sink, messages(10))
    expect(service.calls).toHaveLength(10)
    expect(service.taken).toHaveLength(10)
  })

  test('takes nothing: after six calls the batch fails, and may be tried again', async () => {
    const { service, sink } = fake(() => throttled)
    const error = await errorOf(() => write(sink, messages(3)))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: true })
    expect(error.message).toContain(throttled)
    expect(service.calls).toHaveLength(6)
  })

  test('never will take one: the batch fails at once', async () => {
    const { service, sink } = fake((text) => (elementIn(text) === 'm1' ? fault : undefined))
    const error = await errorOf(() => write(sink, messages(3)))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: false })
    expect(error.message).toContain(fault)
    expect(service.calls).toHaveLength(1)
  })

  test.each<[string, boolean, number]>([
    ['ThrottledException', true, 6],
    ['RequestThrottled', true, 6],
    ['TimeoutError', true, 6],
    ['ResourceNotFoundException', false, 1],
    ['AccessDeniedException', false, 1],
  ])('answers with an error: %s', async (name, retryable, calls) => {
    const { service, sink } = fake(() => {
      throw failure(name)
    })
    const error = await errorOf(() => write(sink, messages(3)))
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable })
    expect(service.calls).toHaveLength(calls)
  })

  test('says how many messages it was too busy for', async () => {
    const { sink } = fake((_, index, call) => {
      if (call > 2) return undefined
      return index === 0 ? throttled : index === 1 ? 'InternalFailure' : undefined
    })
    const batch = await sink.open({ path: 'a', timeMs: 0, settings: {} }, fenceOf(1, 1))
    await batch.write(0, messages(3) as never)
    expect(batch.throttled?.()).toBe(2)
  })

  test('gets the same ids in the next attempt, and others for other messages', async () => {
    const { service, sink } = fake()
    await write(sink, messages(3))
    await write(sink, messages(3), { epoch: 2 })
    const [first, second] = [service.taken.slice(0, 3), service.taken.slice(3)]
    expect(first).toEqual(second)
    expect(
      new Set(first?.map((given) => /[0-9a-f]{32}/.exec(JSON.stringify(given))?.[0])).size,
    ).toBe(3)
  })
})

const contents: Readonly<Record<string, (text: string) => unknown>> = {
  SNS: sns<string>('a').send,
  Kinesis: kinesis<string>('a').send,
}
for (const [name, send] of Object.entries(contents))
  sinkContract(`messages to ${name}`, () => {
    const { service, sink } = name === 'SNS' ? fakeTopic(FIFO) : fakeStream('clicks')
    return {
      sink: sink as Sink<readonly Message[]>,
      contentOf: (lines) => lines.map(send) as readonly Message[],
      linesOf: async () => service.calls.flat(),
    }
  })
