/**
 * What the compiler must know, and what it must refuse. The bodies describe pipelines; the checks
 * are made when the tests are compiled.
 */
import {
  type DStream,
  type KinesisRecord,
  type MapWithStateStream,
  parallelize,
  type RDD,
  seconds,
  type State,
  StateSpec,
  stream,
  type StreamingContext,
  type Time,
} from 'millrace'
import { describe, expect, expectTypeOf, test } from 'vitest'

/** Describes a pipeline for its types; it has an output, so that it can be built. */
const described = (describe: (ssc: StreamingContext) => void): void => {
  const plan = stream('types', { batchInterval: seconds(1) }, (ssc) => {
    describe(ssc)
    ssc.queueStream<number>([]).print()
  }).build()
  expect(plan.outputs.length).toBeGreaterThan(0)
}

const add = (a: number, b: number): number => a + b

describe('types flow', () => {
  test('from sources', () =>
    described((ssc) => {
      expectTypeOf(ssc.textFileStream('lines')).toEqualTypeOf<DStream<string>>()
      expectTypeOf(ssc.socketTextStream('localhost', 9999)).toEqualTypeOf<DStream<string>>()
      expectTypeOf(ssc.kinesisTextStream('clicks')).toEqualTypeOf<DStream<string>>()
      expectTypeOf(ssc.kinesisStream('clicks')).toEqualTypeOf<DStream<KinesisRecord>>()
      expectTypeOf(ssc.kinesisStream('clicks', { startFrom: { at: new Date(0) } })).toEqualTypeOf<
        DStream<KinesisRecord>
      >()
      expectTypeOf(
        ssc.kinesisStream('clicks', {
          decode: ({ data, partitionKey }) => [partitionKey, data.length] as const,
        }),
      ).toEqualTypeOf<DStream<readonly [string, number]>>()
      expectTypeOf(ssc.queueStream([[1, 2], [3]])).toEqualTypeOf<DStream<number>>()
      expectTypeOf(ssc.queueStream([parallelize(['a'])])).toEqualTypeOf<DStream<string>>()
      expectTypeOf(ssc.union(ssc.textFileStream('a'), ssc.textFileStream('b'))).toEqualTypeOf<
        DStream<string>
      >()
    }))

  test('through operators', () =>
    described((ssc) => {
      const lines = ssc.textFileStream('lines')
      expectTypeOf(lines.map((line) => line.length)).toEqualTypeOf<DStream<number>>()
      expectTypeOf(
        lines.flatMap((line) => line.split(' ').map((word) => ({ word }))),
      ).toEqualTypeOf<DStream<{ word: string }>>()
      expectTypeOf(
        lines.flatMap(function* (line) {
          yield line.length
        }),
      ).toEqualTypeOf<DStream<number>>()
      expectTypeOf(lines.filter((line) => line !== '')).toEqualTypeOf<DStream<string>>()
      expectTypeOf(lines.mapPartitions((part) => [[...part].length])).toEqualTypeOf<
        DStream<number>
      >()
      expectTypeOf(lines.mapPartitions(async (part) => new Set(part))).toEqualTypeOf<
        DStream<string>
      >()
      expectTypeOf(lines.transform((rdd) => rdd.map((line) => line.length))).toEqualTypeOf<
        DStream<number>
      >()
      expectTypeOf(
        lines.transform(async (rdd, time) => rdd.map(() => time.milliseconds)),
      ).toEqualTypeOf<DStream<number>>()
      expectTypeOf(lines.named('lines')).toEqualTypeOf<DStream<string>>()
    }))

  test('to pairs and their values', () =>
    described((ssc) => {
      const pairs = ssc.textFileStream('lines').mapToPair((word) => [word, 1])
      expectTypeOf(pairs).toEqualTypeOf<DStream<[string, number]>>()
      expectTypeOf(pairs.mapValues((n) => n > 1)).toEqualTypeOf<DStream<[string, boolean]>>()
      expectTypeOf(pairs.reduceByKey(add)).toEqualTypeOf<DStream<[string, number]>>()
      expectTypeOf(pairs.map(([word, n]) => `${word} ${n}`)).toEqualTypeOf<DStream<string>>()
      expectTypeOf(pairs.mapToPair(([word, n]) => [n, { word }])).toEqualTypeOf<
        DStream<[number, { word: string }]>
      >()
      expectTypeOf(pairs.mapToPair(([word, n]) => [[word, n], null])).toEqualTypeOf<
        DStream<[[string, number], null]>
      >()
    }))

  test('into state', () =>
    described((ssc) => {
      const pairs = ssc.textFileStream('lines').mapToPair((word) => [word, 1])
      expectTypeOf(
        pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length),
      ).toEqualTypeOf<DStream<[string, number]>>()
      expectTypeOf(
        pairs.updateStateByKey((ones, total: number = 0) => total + ones.length),
      ).toEqualTypeOf<DStream<[string, number]>>()
      expectTypeOf(
        pairs.updateStateByKey<{ n: number }>((ones, state) =>
          ones.length > 0 ? { n: (state?.n ?? 0) + 1 } : undefined,
        ),
      ).toEqualTypeOf<DStream<[string, { n: number }]>>()
      pairs.updateStateByKey<Date>((values, state) => {
        expectTypeOf(values).toEqualTypeOf<readonly number[]>()
        expectTypeOf(state).toEqualTypeOf<Date | undefined>()
        return state
      })
    }))

  test('through pair operations and joins', () =>
    described((ssc) => {
      const pairs = ssc.textFileStream('lines').mapToPair((word) => [word, 1])
      const others = ssc.textFileStream('others').mapToPair((word) => [word, new Date(0)])
      expectTypeOf(pairs.groupByKey()).toEqualTypeOf<DStream<[string, number[]]>>()
      expectTypeOf(pairs.flatMapValues((n) => [String(n)])).toEqualTypeOf<
        DStream<[string, string]>
      >()
      expectTypeOf(
        pairs.combineByKey(
          (n) => new Set([n]),
          (all) => all,
          (a) => a,
        ),
      ).toEqualTypeOf<DStream<[string, Set<number>]>>()
      expectTypeOf(pairs.partitionBy(2, (key) => key.length)).toEqualTypeOf<
        DStream<[string, number]>
      >()
      expectTypeOf(pairs.cogroup(others)).toEqualTypeOf<DStream<[string, [number[], Date[]]]>>()
      expectTypeOf(pairs.join(others)).toEqualTypeOf<DStream<[string, [number, Date]]>>()
      expectTypeOf(pairs.leftOuterJoin(others)).toEqualTypeOf<
        DStream<[string, [number, Date | undefined]]>
      >()
      expectTypeOf(pairs.rightOuterJoin(others)).toEqualTypeOf<
        DStream<[string, [number | undefined, Date]]>
      >()
      expectTypeOf(pairs.fullOuterJoin(others)).toEqualTypeOf<
        DStream<[string, [number | undefined, Date | undefined]]>
      >()
      expectTypeOf(pairs.transformWith(others, (a, b) => a.join(b))).toEqualTypeOf<
        DStream<[string, [number, Date]]>
      >()
      expectTypeOf(ssc.transform([pairs, others], ([a, b]) => a.join(b))).toEqualTypeOf<
        DStream<[string, [number, Date]]>
      >()
      expectTypeOf(pairs.count()).toEqualTypeOf<DStream<number>>()
      expectTypeOf(pairs.countByValue()).toEqualTypeOf<DStream<[[string, number], number]>>()
      expectTypeOf(pairs.reduce((a) => a)).toEqualTypeOf<DStream<[string, number]>>()
      expectTypeOf(pairs.glom()).toEqualTypeOf<DStream<[string, number][]>>()
      expectTypeOf(pairs.repartition(2).cache().persist().checkpoint(seconds(1))).toEqualTypeOf<
        DStream<[string, number]>
      >()
    }))

  test('through windows', () =>
    described((ssc) => {
      const lines = ssc.textFileStream('lines')
      const pairs = lines.mapToPair((word) => [word, 1])
      expectTypeOf(lines.window(seconds(2))).toEqualTypeOf<DStream<string>>()
      expectTypeOf(lines.countByWindow(seconds(2))).toEqualTypeOf<DStream<number>>()
      expectTypeOf(lines.countByValueAndWindow(seconds(2), seconds(1))).toEqualTypeOf<
        DStream<[string, number]>
      >()
      expectTypeOf(lines.reduceByWindow((a) => a, seconds(2))).toEqualTypeOf<DStream<string>>()
      expectTypeOf(
        lines.reduceByWindow(
          (a) => a,
          (a) => a,
          seconds(2),
        ),
      ).toEqualTypeOf<DStream<string>>()
      expectTypeOf(pairs.groupByKeyAndWindow(seconds(2))).toEqualTypeOf<
        DStream<[string, number[]]>
      >()
      expectTypeOf(pairs.reduceByKeyAndWindow(add, seconds(2))).toEqualTypeOf<
        DStream<[string, number]>
      >()
      const filter = (key: string, value: number): boolean => key.length > value
      expectTypeOf(
        pairs.reduceByKeyAndWindow(add, add, seconds(2), seconds(1), { filter }),
      ).toEqualTypeOf<DStream<[string, number]>>()
    }))

  test('into mapped state', () =>
    described((ssc) => {
      const pairs = ssc.textFileStream('lines').mapToPair((word) => [word, 1])
      const spec = StateSpec.function((word: string, one: number | undefined, state: State<Date>) =>
        one === 1 ? ([word, state.get()] as const) : undefined,
      )
      expectTypeOf(pairs.mapWithState(spec)).toEqualTypeOf<
        MapWithStateStream<string, Date, readonly [string, Date]>
      >()
      expectTypeOf(
        pairs.mapWithState(spec.timeout(seconds(9)).numPartitions(2)).stateSnapshots(),
      ).toEqualTypeOf<DStream<[string, Date]>>()
      expectTypeOf(
        pairs.updateStateByKey<Date>(
          (_, state, key, time) => (key === '' ? state : new Date(time.milliseconds)),
          { timed: true },
        ),
      ).toEqualTypeOf<DStream<[string, Date]>>()
      expectTypeOf(
        pairs.updateStateByPartition<Date>(function* (visits) {
          for (const [key, values, state] of visits) {
            expectTypeOf(values).toEqualTypeOf<readonly number[]>()
            if (state !== undefined) yield [key, state]
          }
        }),
      ).toEqualTypeOf<DStream<[string, Date]>>()
    }))

  test('to outputs', () =>
    described((ssc) => {
      ssc.textFileStream('lines').foreachRDD(async (rdd, time, attempt) => {
        expectTypeOf(rdd).toEqualTypeOf<RDD<string>>()
        expectTypeOf(time).toEqualTypeOf<Time>()
        expectTypeOf(attempt.number).toEqualTypeOf<number>()
        expectTypeOf(await rdd.collect()).toEqualTypeOf<string[]>()
      })
    }))

  test('through datasets', async () => {
    const numbers = parallelize([1, 2])
    expectTypeOf(numbers).toEqualTypeOf<RDD<number>>()
    expectTypeOf(numbers.mapToPair((n) => [n % 2, String(n)]).groupByKey()).toEqualTypeOf<
      RDD<[number, string[]]>
    >()
    expectTypeOf(await numbers.reduce(add)).toEqualTypeOf<number>()
    expectTypeOf(await numbers.count()).toEqualTypeOf<number>()
    expectTypeOf(parallelize(new Map([['a', 1]]))).toEqualTypeOf<RDD<[string, number]>>()
    expect(await numbers.count()).toBe(2)
  })
})

/** Compiled, never called: what must not compile. */
const refused = (ssc: StreamingContext): void => {
  const lines = ssc.textFileStream('lines')
  const pairs = lines.mapToPair((word) => [word, 1])

  // @ts-expect-error mapValues is for pairs
  lines.mapValues((value) => value)
  // @ts-expect-error reduceByKey is for pairs
  lines.reduceByKey((a) => a)
  // @ts-expect-error updateStateByKey is for pairs
  lines.updateStateByKey<number>(() => 1)
  // @ts-expect-error triples are no pairs
  lines.map((line): [string, number, number] => [line, 1, 2]).reduceByKey((a) => a)
  // @ts-expect-error an array is no pair
  lines.map((line) => line.split(' ')).reduceByKey((a) => a)
  // @ts-expect-error a pair has two sides
  lines.mapToPair((line) => [line])
  // @ts-expect-error values are numbers
  pairs.reduceByKey((a: string, b: string) => a + b)
  // @ts-expect-error a reduction gives what it takes
  pairs.reduceByKey((a, b) => String(a + b))
  // @ts-expect-error groupByKey is for pairs
  lines.groupByKey()
  // @ts-expect-error windows by key are for pairs
  lines.reduceByKeyAndWindow((a) => a, seconds(2))
  // @ts-expect-error keys must be of one type
  pairs.join(lines.map((line): [number, string] => [1, line]))
  // @ts-expect-error a window is no number
  lines.window(2_000)
  // @ts-expect-error an absent side is undefined
  pairs.leftOuterJoin(pairs).mapValues(([a, b]) => a + b)
  pairs.mapWithState(
    // @ts-expect-error values are numbers
    StateSpec.function(
      (key: string, value: string | undefined, state: State<number>) =>
        `${key}${value}${state.exists()}`,
    ),
  )
  const described = StateSpec.function(
    (key: string, value: number | undefined, state: State<number>) =>
      `${key}${value}${state.exists()}`,
  )
  // @ts-expect-error the initial state is of the same type
  described.initialState([['a', 'b']])
  // @ts-expect-error the time is for functions that are timed
  pairs.updateStateByKey<number>((values, state, key, time: Time) => time.milliseconds)
  // @ts-expect-error datasets of numbers only
  lines.transform((rdd) => rdd.map(() => 1).filter(async () => (await rdd.sum()) > 0))
  // @ts-expect-error the state is a number
  pairs.updateStateByKey<number>(() => 'text')
  // @ts-expect-error the state may not be there yet
  pairs.updateStateByKey<number>((ones, total) => total + ones.length)
  // @ts-expect-error a union is of streams
  lines.union(['a'])
  // @ts-expect-error map is synchronous where a filter needs a boolean
  lines.filter(async () => true)
  // @ts-expect-error flatMap gives an iterable
  lines.flatMap((line) => line.length)
  // @ts-expect-error transform gives a dataset
  lines.transform(() => [1])
  // @ts-expect-error a length of time is no number
  stream('types', { batchInterval: 1_000 }, () => undefined)
  // @ts-expect-error an interval is needed
  stream('types', {}, () => undefined)
  // @ts-expect-error there is no such choice
  ssc.textFileStream('lines', { existing: 'some' })
  // @ts-expect-error datasets of one type
  ssc.queueStream<number>([['a']])
  lines.foreachRDD((_, time) => {
    // @ts-expect-error a time is read only
    time.milliseconds = 1
  })
}

test('what must not compile does not', () => {
  expect(refused).toBeTypeOf('function')
})

describe('no any', () => {
  type IsAny<T> = 0 extends 1 & T ? true : false

  test('in what functions are given', () =>
    described((ssc) => {
      const pairs = ssc.textFileStream('lines').mapToPair((word) => [word, 1])
      pairs.map((element) => {
        expectTypeOf<IsAny<typeof element>>().toEqualTypeOf<false>()
        expectTypeOf<IsAny<(typeof element)[1]>>().toEqualTypeOf<false>()
        return element
      })
      pairs.updateStateByKey((values, state: number = 0) => {
        expectTypeOf<IsAny<(typeof values)[number]>>().toEqualTypeOf<false>()
        return state
      })
      pairs.foreachRDD(async (rdd) => {
        const [first] = await rdd.take(1)
        expectTypeOf<IsAny<typeof first>>().toEqualTypeOf<false>()
        expectTypeOf(first).toEqualTypeOf<[string, number] | undefined>()
      })
    }))

  test('in what operators give', () => {
    type Stream = DStream<[string, number]>
    type Results = {
      [M in keyof Stream]: Stream[M] extends (...args: never[]) => infer R ? IsAny<R> : false
    }[keyof Stream]
    type Actions = {
      [M in keyof RDD<number>]: RDD<number>[M] extends (...args: never[]) => infer R
        ? IsAny<Awaited<R>>
        : false
    }[keyof RDD<number>]
    expectTypeOf<Results>().toEqualTypeOf<false>()
    expectTypeOf<Actions>().toEqualTypeOf<false>()
  })
})
