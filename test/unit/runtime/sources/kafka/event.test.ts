import { seconds, stream } from 'millrace'
import { kafka, kafkaRecords, type KafkaOptions } from 'millrace/kafka'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../../../lib/adapters/memory/memory-item-store.ts'
import { eventRoutes } from '../../../../../lib/runtime/intake/event-routes.ts'
import { readEvent } from '../../../../../lib/runtime/intake/event-reader.ts'
import { intakeHandler } from '../../../../../lib/runtime/intake/intake-handler.ts'
import type { Location } from '../../../../../lib/runtime/locations.ts'
import type {
  KafkaEvent,
  KafkaEventRecord,
  KafkaLocation,
} from '../../../../../lib/runtime/sources/kafka/event.ts'
import { readBlock } from '../../../../../lib/state/blocks.ts'
import { readLanes } from '../../../../../lib/state/lanes.ts'

const ARN = 'arn:aws:kafka:eu-west-1:111111111111:cluster/shop/1234-5'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A record as Lambda sends it. */
const record = (
  offset: number,
  value: string | null,
  more: Partial<KafkaEventRecord> = {},
): KafkaEventRecord => ({
  topic: 'orders',
  partition: 0,
  offset,
  timestamp: 1_000 + offset,
  value: value === null ? null : base64(value),
  headers: [],
  ...more,
})

const eventOf = (
  records: readonly KafkaEventRecord[],
  more: Partial<KafkaEvent> = {},
): KafkaEvent => ({
  eventSource: 'aws:kafka',
  eventSourceArn: ARN,
  bootstrapServers: 'b-1:9092',
  records: Object.fromEntries(
    Map.groupBy(records, ({ topic, partition }) => `${topic}-${partition}`),
  ),
  ...more,
})

const MANAGED: KafkaLocation = { kind: 'kafka', cluster: ARN, topic: 'orders' }

/** Intake of an application with one source of text, over memory. */
class Bed {
  readonly store = memoryItemStore()
  readonly #handle
  readonly #routes
  readonly #plan

  constructor(options: KafkaOptions = {}, location: Location = MANAGED, isText = true) {
    this.#plan = stream('app', { batchInterval: seconds(1) }, (ssc) => {
      ssc
        .streamFrom<unknown>(isText ? kafka('orders', options) : kafkaRecords('orders', options))
        .print()
    }).build()
    const source = this.#plan.sources[0]?.id as string
    this.#routes = eventRoutes(this.#plan, new Map([[source, location]]), {})
    let attempts = 0
    this.#handle = intakeHandler({
      plan: this.#plan,
      store: this.store,
      clock: { now: () => 1_700_000_000_000, sleep: async () => undefined },
      randomness: { attemptId: () => `attempt${++attempts}` },
      scheduleTriggers: async () => undefined,
    })
  }

  async take(event: KafkaEvent): Promise<{ readonly records: number; readonly rejected: number }> {
    const { appends } = await readEvent(event, this.#routes)
    const { records, rejected } = await this.#handle(appends)
    return { records, rejected }
  }

  /** What is in the lanes. */
  async content(): Promise<Readonly<Record<string, readonly unknown[]>>> {
    const { name } = this.#plan
    const lanes = await readLanes(this.store, name, this.#plan.sources[0]?.id as string)
    const found = lanes.map(async ({ lane, entries }) => {
      const blocks = await Promise.all(
        entries.flatMap((entry) => entry.blocks).map((ref) => readBlock(this.store, name, ref)),
      )
      return [lane, blocks.flatMap(({ records }) => records)] as const
    })
    return Object.fromEntries(await Promise.all(found))
  }
}

describe('an event of a topic', () => {
  test('brings each partition into its lane, in order and each offset once', async () => {
    const bed = new Bed()
    const second = { partition: 11 }
    const answer = await bed.take(
      eventOf([
        record(2, 'c'),
        record(1, 'b'),
        record(7, 'x', second),
        record(2, 'c'),
        record(0, 'a'),
        record(9, 'y', second),
      ]),
    )
    expect(answer).toEqual({ records: 5, rejected: 0 })
    expect(await bed.content()).toEqual({
      'orders@0/1234-5-0': ['a', 'b', 'c'],
      'orders@0/1234-5-11': ['x', 'y'],
    })
  })

  test('that comes again, whole or in part, brings only what is new', async () => {
    const bed = new Bed()
    await bed.take(eventOf([record(0, 'a'), record(1, 'b')]))
    expect(await bed.take(eventOf([record(0, 'a'), record(1, 'b')]))).toMatchObject({ records: 0 })
    expect(await bed.take(eventOf([record(1, 'b'), record(5, 'f')]))).toMatchObject({ records: 1 })
    expect(await bed.content()).toEqual({ 'orders@0/1234-5-0': ['a', 'b', 'f'] })
  })

  test('gives records with keys, headers as bytes, and tombstones', async () => {
    const bed = new Bed({}, MANAGED, false)
    const headers = [{ a: [104, -61, -74] }, { a: [1] }, { b: null }]
    await bed.take(
      eventOf([
        record(0, 'v', { key: base64('k'), headers }),
        record(1, null, { key: base64('gone') }),
        { topic: 'orders', partition: 0, offset: 2, timestamp: 5 },
      ]),
    )
    const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
    const common = { topic: 'orders', partition: 0 }
    expect((await bed.content())['orders@0/1234-5-0']).toEqual([
      {
        ...common,
        offset: 0,
        timestamp: new Date(1_000),
        key: bytes('k'),
        value: bytes('v'),
        headers: [
          ['a', bytes('hö')],
          ['a', new Uint8Array([1])],
          ['b', null],
        ],
      },
      {
        ...common,
        offset: 1,
        timestamp: new Date(1_001),
        key: bytes('gone'),
        value: null,
        headers: [],
      },
      { ...common, offset: 2, timestamp: new Date(5), key: null, value: null, headers: [] },
    ])
  })

  test('puts aside what is no text, once', async () => {
    const bed = new Bed()
    const event = eventOf([
      record(0, 'a'),
      record(1, null),
      record(2, '', { value: Buffer.from([0xff]).toString('base64') }),
      record(3, ''),
    ])
    expect(await bed.take(event)).toEqual({ records: 2, rejected: 2 })
    await bed.take(event)
    expect(await bed.content()).toEqual({ 'orders@0/1234-5-0': ['a', ''] })
  })

  test('leaves out what is older than the start', async () => {
    const bed = new Bed({ startingOffsets: { at: new Date(1_002) } })
    await bed.take(eventOf([record(0, 'a'), record(1, 'b')]))
    await bed.take(eventOf([record(2, 'c')]))
    expect(await bed.content()).toEqual({ 'orders@0/1234-5-0': ['c'] })
  })
})

describe('a topic that was created again', () => {
  test('is told by a record that is newer than all before, and waits', async () => {
    const bed = new Bed()
    await bed.take(eventOf([record(0, 'a'), record(1, 'b'), record(2, 'c')]))
    // An older part of the same topic, after a rebalance.
    await bed.take(eventOf([record(0, 'a'), record(1, 'b')]))
    const again = eventOf([record(0, 'x', { timestamp: 9_000 })])
    await expect(bed.take(again)).rejects.toMatchObject({
      code: 'STREAM_REPLACED',
      retryable: true,
      message: expect.stringContaining('recreated: 1') as unknown,
    })
    expect(await bed.content()).toEqual({ 'orders@0/1234-5-0': ['a', 'b', 'c'] })
  })

  test('and again with records at its end, which would seem new', async () => {
    const bed = new Bed()
    await bed.take(eventOf([record(0, 'a'), record(1, 'b')]))
    const again = eventOf([
      record(0, 'x', { timestamp: 9_000 }),
      record(1, 'y', { timestamp: 9_001 }),
      record(2, 'z', { timestamp: 9_002 }),
    ])
    await expect(bed.take(again)).rejects.toMatchObject({ code: 'STREAM_REPLACED' })
  })

  test('is read into other lanes when that was counted up', async () => {
    const bed = new Bed({ recreated: 1 })
    await bed.take(eventOf([record(0, 'x')]))
    expect(await bed.content()).toEqual({ 'orders@1/1234-5-0': ['x'] })
  })

  test('is never seen in what comes again, whatever its timestamps are', async () => {
    const bed = new Bed()
    const records = [5_000, 100, 7_000, 50, 6_999].map((timestamp, offset) =>
      record(offset, String(offset), { timestamp }),
    )
    for (let from = 0; from < records.length; from++)
      for (let to = from + 1; to <= records.length; to++)
        await bed.take(eventOf(records.slice(from === to ? 0 : from, to)))
    const [lane] = Object.values(await bed.content())
    expect(lane).toEqual(['0', '1', '2', '3', '4'])
  })
})

describe('the origin of an event', () => {
  const OWN: KafkaLocation = { kind: 'kafka', cluster: 'a:9092,b:9092', topic: 'orders' }
  const ofOwn = { eventSource: 'SelfManagedKafka', bootstrapServers: 'c:9092' }

  test('may be a cluster of which only brokers are known, and these change', async () => {
    const { eventSourceArn: _, ...event } = eventOf([record(0, 'a')], ofOwn)
    const bed = new Bed({}, OWN)
    await bed.take(event)
    expect(await bed.content()).toEqual({ 'orders@0/cluster-0': ['a'] })
  })

  test.each([
    ['another topic', eventOf([record(0, 'a', { topic: 'other' })])],
    ['another cluster', eventOf([record(0, 'a')], { eventSourceArn: `${ARN}6` })],
    ['a record without its place', eventOf([{ value: 'a' } as unknown as KafkaEventRecord])],
  ])('is refused if it is %s', async (_, event) => {
    await expect(new Bed().take(event)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
  })
})
