import {
  hours,
  isPipeline,
  milliseconds,
  minutes,
  parallelize,
  seconds,
  stream,
  type StreamingContext,
  type StreamOptions,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import type { PlanOptions } from '../../../lib/dstream/plan.ts'

const built = (
  describe: (ssc: StreamingContext) => void,
  options: Partial<StreamOptions> = {},
): unknown =>
  stream('app', { batchInterval: seconds(1), ...options }, (ssc) => {
    ssc.queueStream([[1]]).print()
    describe(ssc)
  }).build()

const anything = <T>(value: unknown): T => value as T
const invalid = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'ARGUMENT_INVALID',
    message: expect.stringMatching(message) as string,
  })

describe('stream() refuses', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'an empty name',
      () => stream('', { batchInterval: seconds(1) }, () => undefined),
      /needs a name/,
    ],
    [
      'a name with a space',
      () => stream('a b', { batchInterval: seconds(1) }, () => undefined),
      /needs a name/,
    ],
    [
      'a name with a hash',
      () => stream('a#b', { batchInterval: seconds(1) }, () => undefined),
      /needs a name/,
    ],
    [
      'a name that is too long',
      () => stream('a'.repeat(65), { batchInterval: seconds(1) }, () => undefined),
      /needs a name/,
    ],
    [
      'no name',
      () => stream(anything(undefined), { batchInterval: seconds(1) }, () => undefined),
      /needs a name/,
    ],
    ['no options', () => stream('app', anything(undefined), () => undefined), /batchInterval/],
    [
      'no interval',
      () => built(() => undefined, { batchInterval: anything(undefined) }),
      /batchInterval/,
    ],
    [
      'null as interval',
      () => built(() => undefined, { batchInterval: anything(null) }),
      /batchInterval/,
    ],
    [
      'a bare number',
      () => built(() => undefined, { batchInterval: anything(1_000) }),
      /batchInterval/,
    ],
    ['9 ms', () => built(() => undefined, { batchInterval: milliseconds(9) }), /batchInterval/],
    [
      'an interval that is not a whole number',
      () => built(() => undefined, { batchInterval: anything({ milliseconds: 10.5 }) }),
      /batchInterval/,
    ],
    [
      'an infinite interval',
      () => built(() => undefined, { batchInterval: anything({ milliseconds: Infinity }) }),
      /batchInterval/,
    ],
    ['unknown whenIdle', () => built(() => undefined, { whenIdle: anything('sleep') }), /whenIdle/],
    ['0 records', () => built(() => undefined, { limits: { records: 0 } }), /limits.records/],
    [
      'no batch that waits',
      () => built(() => undefined, { limits: { waiting: 0 } }),
      /limits.waiting/,
    ],
    ['0.5 bytes', () => built(() => undefined, { limits: { bytes: 0.5 } }), /limits.bytes/],
    [
      'NaN as limit of objects',
      () => built(() => undefined, { limits: { objects: Number.NaN } }),
      /limits.objects/,
    ],
    ['a rate of 0', () => built(() => undefined, { rate: { max: 0 } }), /rate.max is not a rate/],
    [
      'a rate that is no number',
      () => built(() => undefined, { rate: { maxPerLane: anything('5') } }),
      /rate.maxPerLane is not a rate/,
    ],
    [
      'a back-pressure of another kind',
      () => built(() => undefined, { rate: { backpressure: anything('pid') } }),
      /rate.backpressure has an unknown value/,
    ],
    [
      'a weight below 0',
      () => built(() => undefined, { rate: { backpressure: { integral: -1 } } }),
      /rate.backpressure.integral is not a weight/,
    ],
    ['0 attempts', () => built(() => undefined, { retry: { attempts: 0 } }), /retry.attempts/],
    [
      'a bare number of milliseconds to retry for',
      () => built(() => undefined, { retry: { for: anything(1_000) } }),
      /retry.for/,
    ],
    [
      'poison.records that is no count',
      () => built(() => undefined, { poison: { records: -1 } }),
      /poison.records/,
    ],
    [
      'poison.share that is no share',
      () => built(() => undefined, { poison: { share: 1.5 } }),
      /poison.share/,
    ],
    [
      'an unknown onBadKey',
      () => built(() => undefined, { onBadKey: anything('drop') }),
      /onBadKey/,
    ],
    [
      'dead letters that are kept for too short a time',
      () => built(() => undefined, { keepDeadLetters: minutes(59) }),
      /keepDeadLetters/,
    ],
    [
      'replays over too short a time',
      () => built(() => undefined, { keepForReplay: seconds(59) }),
      /keepForReplay/,
    ],
    [
      'no function',
      () => stream('app', { batchInterval: seconds(1) }, anything(undefined)),
      /function/,
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(invalid(message))
  })
})

test.each<[string, StreamOptions, PlanOptions]>([
  [
    'the defaults',
    { batchInterval: seconds(2) },
    {
      intervalMs: 2_000,
      whenIdle: 'rest',
      limits: {
        records: 1_000_000,
        bytes: 67_108_864,
        objects: 1_000,
        waiting: 1_000,
        growth: 1_000,
      },
      rate: undefined,
      retry: { forMs: 900_000, attempts: 8 },
      onDataLoss: 'halt',
      poison: { records: 100, share: 0.5 },
      onBadKey: 'fail',
      sourceStage: 'intake',
      parallelism: undefined,
      deadLettersKeptMs: 14 * 86_400_000,
      keptForReplayMs: 0,
    },
  ],
  [
    'all given',
    {
      batchInterval: milliseconds(10),
      whenIdle: 'tick',
      limits: { records: 1, bytes: 2, objects: 3, waiting: 4, growth: 5 },
      rate: { max: 500, maxPerLane: 0.5, backpressure: { integral: 0, initialRate: 50 } },
      retry: { for: minutes(1), attempts: 1 },
      onDataLoss: 'skip',
      poison: { records: 0, share: 1 },
      onBadKey: 'dead-letter',
      keepDeadLetters: 'forever',
      sourceStage: 'driver',
      parallelism: 4,
    },
    {
      intervalMs: 10,
      whenIdle: 'tick',
      limits: { records: 1, recordsMin: 0.005, bytes: 2, objects: 3, waiting: 4, growth: 5 },
      rate: {
        max: 500,
        maxPerLane: 0.5,
        backpressure: {
          proportional: 1,
          integral: 0,
          derivative: 0,
          minRate: 100,
          initialRate: 50,
        },
      },
      retry: { forMs: 60_000, attempts: 1 },
      onDataLoss: 'skip',
      poison: { records: 0, share: 1 },
      onBadKey: 'dead-letter',
      sourceStage: 'driver',
      parallelism: 4,
      deadLettersKeptMs: Infinity,
      keptForReplayMs: 0,
    },
  ],
])('options: %s', (_, options, resolved) => {
  expect(stream('app', options, (ssc) => ssc.queueStream([]).print()).build().options).toEqual(
    resolved,
  )
})

test('what is kept for replays are records, and not what intake has combined', () => {
  const options = { batchInterval: seconds(1), keepForReplay: hours(24), sourceStage: 'intake' }
  const pipeline = stream('app', options as StreamOptions, (ssc) => ssc.queueStream([]).print())
  expect(pipeline.build().options).toMatchObject({
    sourceStage: 'driver',
    keptForReplayMs: 86_400_000,
  })
})

describe('sources refuse', () => {
  test.each<[string, (ssc: StreamingContext) => unknown, RegExp]>([
    ['an empty location', (ssc) => ssc.textFileStream(''), /needs a location/],
    ['a number as location', (ssc) => ssc.textFileStream(anything(5)), /needs a location/],
    [
      'an unknown value of existing',
      (ssc) => ssc.textFileStream('in', { existing: anything('some') }),
      /value of existing/,
    ],
    [
      'an unknown value of onOverwrite',
      (ssc) => ssc.textFileStream('in', { onOverwrite: anything('keep') }),
      /value of onOverwrite/,
    ],
    [
      'a bare number to remember for',
      (ssc) => ssc.textFileStream('in', { remember: anything(60_000) }),
      /remember/,
    ],
    ['no stream name', (ssc) => ssc.kinesisTextStream(''), /kinesisTextStream\(\) needs a name/],
    [
      'no stream name for records',
      (ssc) => ssc.kinesisStream(undefined as never),
      /kinesisStream\(\) needs a name/,
    ],
    [
      'to start at the latest record',
      (ssc) => ssc.kinesisTextStream('clicks', { startFrom: 'LATEST' as never }),
      /would be lost without notice/,
    ],
    [
      'an invalid date as start',
      (ssc) => ssc.kinesisTextStream('clicks', { startFrom: { at: new Date(Number.NaN) } }),
      /value of startFrom/,
    ],
    [
      'a number as start',
      (ssc) => ssc.kinesisStream('clicks', { startFrom: { at: 1 as never } }),
      /value of startFrom/,
    ],
    [
      'a decoder that is not a function',
      (ssc) => ssc.kinesisStream('clicks', { decode: 'json' as never }),
      /kinesisStream\(\) needs a function/,
    ],
    ['an empty host', (ssc) => ssc.socketTextStream('', 9999), /needs a host/],
    ['port 0', (ssc) => ssc.socketTextStream('localhost', 0), /needs a port/],
    ['port 65536', (ssc) => ssc.socketTextStream('localhost', 65_536), /needs a port/],
    ['port 1.5', (ssc) => ssc.socketTextStream('localhost', 1.5), /needs a port/],
    [
      'a queue that is not an array',
      (ssc) => ssc.queueStream(anything(new Set([[1]]))),
      /needs an array of RDDs/,
    ],
  ])('%s', (_, make, message) => {
    expect(() => built((ssc) => void make(ssc))).toThrow(invalid(message))
  })
})

describe('operators refuse', () => {
  test.each<[string, (ssc: StreamingContext) => unknown, RegExp]>([
    ...[0, -1, 1.5, 1_025, Number.NaN].flatMap(
      (partitions): [string, (ssc: StreamingContext) => unknown, RegExp][] => [
        [
          `reduceByKey into ${partitions}`,
          (ssc) => ssc.queueStream<[string, number]>([]).reduceByKey((a) => a, { partitions }),
          /needs at least one partition/,
        ],
        [
          `updateStateByKey in ${partitions}`,
          (ssc) =>
            ssc.queueStream<[string, number]>([]).updateStateByKey<number>(() => 1, { partitions }),
          /needs at least one partition/,
        ],
      ],
    ),
    ['to print -1 elements', (ssc) => ssc.queueStream([[1]]).print(-1), /print\(\)/],
    ['to print half an element', (ssc) => ssc.queueStream([[1]]).print(0.5), /print\(\)/],
    [
      'a prefix that is not a string',
      (ssc) => ssc.queueStream([[1]]).saveAsTextFiles(anything(5)),
      /saveAsTextFiles\(\)/,
    ],
    [
      'a suffix that is not a string',
      (ssc) => ssc.queueStream([[1]]).saveAsTextFiles('out', anything(null)),
      /saveAsTextFiles\(\)/,
    ],
    [
      'a union over two pipelines',
      (ssc) => {
        let other: ReturnType<typeof ssc.queueStream<number>> | undefined
        built((ssc2) => {
          other = ssc2.queueStream<number>([])
        })
        return ssc.queueStream<number>([]).union(other!)
      },
      /one pipeline/,
    ],
  ])('%s', (_, make, message) => {
    expect(() => built((ssc) => void make(ssc))).toThrow(invalid(message))
  })

  test.each([
    'map',
    'flatMap',
    'filter',
    'mapPartitions',
    'mapToPair',
    'mapValues',
    'reduceByKey',
    'updateStateByKey',
    'transform',
    'foreachRDD',
  ])('an argument of %s that is not a function', (name) => {
    const call = (ssc: StreamingContext): void => {
      const pairs = ssc.queueStream<[string, number]>([])
      const operation: unknown = Reflect.get(pairs, name)
      Reflect.apply(operation as () => unknown, pairs, ['no function'])
    }
    expect(() => built(call)).toThrow(invalid(new RegExp(`${name}\\(\\) needs a function`)))
  })

  test('1024 partitions are allowed', () => {
    expect(() =>
      built((ssc) =>
        ssc
          .queueStream<[string, number]>([])
          .reduceByKey((a) => a, { partitions: 1_024 })
          .print(),
      ),
    ).not.toThrow()
  })
})

test('isPipeline recognizes pipelines of any copy of the library, and nothing else', () => {
  const pipeline = stream('app', { batchInterval: seconds(1) }, (ssc) =>
    ssc.queueStream([]).print(),
  )
  expect(
    [
      pipeline,
      null,
      undefined,
      {},
      'app',
      parallelize([]),
      { [Symbol.for('millrace.pipeline')]: true },
    ].map(isPipeline),
  ).toEqual([true, false, false, false, false, false, true])
})
