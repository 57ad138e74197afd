import fc from 'fast-check'
import type { KinesisRecord } from 'millrace'
import { describe, expect, test } from 'vitest'
import {
  kinesisDeliveries,
  type KinesisEvent,
  type KinesisTarget,
} from '../../../../../lib/runtime/sources/kinesis/event.ts'
import { positionOf } from '../../../../../lib/runtime/sources/kinesis/positions.ts'
import { pipelineOf, World } from '../../harness.ts'
import { aggregateOf } from './aggregate.ts'

const ARN = 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks'
const SOURCE = 'kinesisTextStream-1'
const text: KinesisTarget = { source: SOURCE, elements: 'text', createdMs: 5 }
const LANE = `${ARN}@5/shardId-000000000000`
/** As long as the sequence numbers of Kinesis. */
const sequence = (n: number): string => String(49_590_338_271_490_256_608n * 10n ** 36n + BigInt(n))

const eventOf = (
  records: readonly (readonly [n: number, data: string | Uint8Array, shard?: number])[],
): KinesisEvent => ({
  Records: records.map(([n, data, shard = 0]) => ({
    eventID: `shardId-${String(shard).padStart(12, '0')}:${sequence(n)}`,
    eventSourceARN: ARN,
    kinesis: {
      partitionKey: `key${n}`,
      sequenceNumber: sequence(n),
      data: Buffer.from(data as string).toString('base64'),
      approximateArrivalTimestamp: 1_700_000_000.123,
    },
  })),
})

const at = (n: number, index = 0): string => positionOf(sequence(n), index)

describe('an event', () => {
  test('of text', () => {
    expect(
      kinesisDeliveries(
        eventOf([
          [1, 'a'],
          [2, 'ä\n'],
        ]),
        text,
      ),
    ).toEqual([
      {
        lane: LANE,
        records: [
          { position: at(1), record: 'a' },
          { position: at(2), record: 'ä\n' },
        ],
        rejected: [],
        last: at(2),
      },
    ])
  })

  test('of records', () => {
    const [delivery] = kinesisDeliveries(eventOf([[1, new Uint8Array([255])]]), {
      ...text,
      elements: 'records',
    })
    const record: KinesisRecord = {
      data: new Uint8Array([255]),
      partitionKey: 'key1',
      sequenceNumber: sequence(1),
      subSequenceNumber: 0,
      arrivalTime: new Date(1_700_000_000_123),
    }
    expect(delivery?.records).toEqual([{ position: at(1), record }])
  })

  test.each<[string, KinesisEvent]>([
    ['without records', { Records: [] }],
    ['that is empty', {}],
  ])('%s has no deliveries', (_, event) => expect(kinesisDeliveries(event, text)).toEqual([]))

  test('out of order, with a record twice, is sorted without duplicates', () => {
    const [delivery] = kinesisDeliveries(
      eventOf([
        [3, 'c'],
        [1, 'a'],
        [3, 'c'],
        [2, 'b'],
      ]),
      text,
    )
    expect(delivery?.records.map(({ record }) => record)).toEqual(['a', 'b', 'c'])
  })

  test('of several shards is a delivery for each', () => {
    const deliveries = kinesisDeliveries(
      eventOf([
        [3, 'c', 1],
        [1, 'a'],
        [2, 'b', 1],
      ]),
      text,
    )
    expect(deliveries.map(({ lane, last }) => [lane.slice(-1), last])).toEqual([
      ['0', at(1)],
      ['1', at(3)],
    ])
  })

  test('without the name of a shard is refused', () => {
    const [record] = eventOf([[1, 'a']]).Records ?? []
    const event = { Records: [{ ...record!, eventID: 'x' }] }
    expect(() => kinesisDeliveries(event, text)).toThrow(
      expect.objectContaining({ code: 'EVENT_INVALID' }) as Error,
    )
  })

  test('with sequence numbers of emulators', () => {
    const [record] = eventOf([[1, 'a']]).Records ?? []
    const event = {
      Records: [
        {
          ...record!,
          kinesis: { ...record!.kinesis, sequenceNumber: '000000000000000000000000000017' },
        },
      ],
    }
    expect(kinesisDeliveries(event, text)[0]?.last).toBe(positionOf('17'))
  })
})

describe('bytes that are not text', () => {
  test('are put aside with their position, and the tail moves after them', () => {
    const bad = new Uint8Array([0xff, 0xfe])
    const [delivery] = kinesisDeliveries(
      eventOf([
        [1, 'a'],
        [2, bad],
      ]),
      text,
    )
    expect(delivery).toMatchObject({ records: [{ record: 'a' }], last: at(2) })
    expect(delivery?.rejected).toMatchObject([
      { source: SOURCE, position: `${LANE}#${at(2)}`, code: 'LINE_NOT_UTF8', sizeBytes: 2 },
    ])
  })
})

describe('aggregated records', () => {
  const packed = aggregateOf([
    { partitionKey: 'x', data: Buffer.from('one') },
    { partitionKey: 'y', data: Buffer.from('two') },
  ])

  test('are unpacked, each with its own position', () => {
    const [delivery] = kinesisDeliveries(
      eventOf([
        [1, packed],
        [2, 'three'],
      ]),
      text,
    )
    expect(delivery?.records).toEqual([
      { position: at(1), record: 'one' },
      { position: at(1, 1), record: 'two' },
      { position: at(2), record: 'three' },
    ])
  })

  test('keep the partition keys of their user records', () => {
    const [delivery] = kinesisDeliveries(eventOf([[1, packed]]), { ...text, elements: 'records' })
    expect(delivery?.records).toMatchObject([
      { record: { partitionKey: 'x', sequenceNumber: sequence(1), subSequenceNumber: 0 } },
      { record: { partitionKey: 'y', sequenceNumber: sequence(1), subSequenceNumber: 1 } },
    ])
  })

  test('that are empty count as consumed', () => {
    expect(
      kinesisDeliveries(
        eventOf([
          [1, 'a'],
          [2, aggregateOf([])],
        ]),
        text,
      ),
    ).toMatchObject([{ records: [{ record: 'a' }], last: at(2) }])
  })

  test('that are broken are taken as they are', () => {
    const broken = packed.subarray(0, -1)
    const [delivery] = kinesisDeliveries(eventOf([[1, broken]]), { ...text, elements: 'records' })
    expect(delivery?.records).toMatchObject([{ record: { data: new Uint8Array(broken) } }])
  })
})

test('for any repetition of any pieces, each user record counts once', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 })
  const pieces = fc.array(fc.tuple(fc.nat(11), fc.integer({ min: 1, max: 6 })), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(sizes, pieces, async (counts, repeats) => {
      const world = new World()
      const seen: unknown[] = []
      const pipeline = pipelineOf((ssc) =>
        ssc
          .kinesisTextStream('clicks')
          .foreachRDD(async (rdd) => void seen.push(...(await rdd.collect()))),
      )
      const app = world.deploy(pipeline, { bind: 'lanes' })
      // 0: a plain record. Otherwise an aggregate with this number of user records.
      const textsOf = (n: number, count: number): readonly string[] =>
        Array.from({ length: Math.max(1, count) }, (_, i) => `${n}/${i}`)
      const records = counts.map((count, n) => {
        const texts = textsOf(n, count)
        return [
          n,
          count === 0
            ? texts[0]!
            : aggregateOf(texts.map((one) => ({ partitionKey: 'k', data: Buffer.from(one) }))),
        ] as const
      })
      let from = 0
      const deliver = async (start: number, length: number): Promise<void> => {
        for (const delivery of kinesisDeliveries(
          eventOf(records.slice(start, start + length)),
          text,
        ))
          await app.intake(SOURCE).append(delivery)
        from = Math.max(from, Math.min(start + length, records.length))
      }
      // A shard is read in order: a piece starts at or before the first record without
      // acknowledgement.
      for (const [start, length] of repeats) await deliver(Math.min(start, from), length)
      await deliver(from, records.length)
      await app.tick()
      expect(seen).toEqual(counts.flatMap((count, n) => textsOf(n, count)))
    }),
    { numRuns: 60 },
  )
})
