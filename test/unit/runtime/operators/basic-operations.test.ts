/**
 * Spark's basic operations, through a queue and the whole runtime.
 *
 * Source: Apache Spark,
 * streaming/src/test/scala/org/apache/spark/streaming/BasicOperationsSuite.scala (3.1): its inputs
 * and expected outputs, restated as data. Times there begin at 0; batches have two partitions.
 */
import { type DStream, parallelize, type RDD, type StreamingContext } from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf, START_MS, World } from '../harness.ts'

type Batches = readonly (readonly unknown[])[]

/** An operation on the stream of inputs, with the input batches and the expected batches. */
interface Row {
  readonly name: string
  readonly input: Batches
  readonly operation: (stream: DStream<never>, ssc: StreamingContext) => DStream<unknown>
  readonly expected: Batches
  /** Whether the order in a batch matters. */
  readonly ordered?: boolean
}

const row = <T>(
  name: string,
  input: readonly (readonly T[])[],
  operation: (stream: DStream<T>, ssc: StreamingContext) => DStream<unknown>,
  expected: Batches,
  ordered = false,
): Row => ({ name, input, operation: operation as unknown as Row['operation'], expected, ordered })

const FOURS = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
  [9, 10, 11, 12],
]
const HUNDREDS = [
  [1, 2, 3, 4],
  [101, 102, 103, 104],
  [201, 202, 203, 204],
]
const LETTERS = [['a', 'a', 'b'], ['', ''], []]
const GROWING = [['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b'], ['a'], []]

const pairs = (stream: DStream<string>): DStream<[string, number]> =>
  stream.mapToPair((letter) => [letter, 1])
const add = (a: number, b: number): number => a + b
const sum = (values: Iterable<number>): number => [...values].reduce(add, 0)

/** Its counter, and how many batches in a row had no data for it: after the second one it ends. */
interface Idle {
  counter: number
  idle: number
}

const lifecycle = (
  values: readonly number[],
  state: Idle = { counter: 0, idle: 0 },
): Idle | undefined => {
  const more = sum(values)
  state.counter += more
  state.idle = more === 0 ? state.idle + 1 : 0
  return state.idle === 2 ? undefined : state
}

const rows: readonly Row[] = [
  row(
    'map',
    FOURS,
    (stream) => stream.map(String),
    [
      ['1', '2', '3', '4'],
      ['5', '6', '7', '8'],
      ['9', '10', '11', '12'],
    ],
    true,
  ),
  row(
    'flatMap',
    FOURS,
    (stream) => stream.flatMap((x) => [x, x * 2]),
    [
      [1, 2, 2, 4, 3, 6, 4, 8],
      [5, 10, 6, 12, 7, 14, 8, 16],
      [9, 18, 10, 20, 11, 22, 12, 24],
    ],
    true,
  ),
  row(
    'filter',
    FOURS,
    (stream) => stream.filter((x) => x % 2 === 0),
    [
      [2, 4],
      [6, 8],
      [10, 12],
    ],
    true,
  ),
  row('mapPartitions', FOURS, (stream) => stream.mapPartitions((part) => [sum(part)]), [
    [3, 7],
    [11, 15],
    [19, 23],
  ]),
  row('reduceByKey', LETTERS, (stream) => pairs(stream).reduceByKey(add), [
    [
      ['a', 2],
      ['b', 1],
    ],
    [['', 2]],
    [],
  ]),
  row(
    'mapValues',
    LETTERS,
    (stream) =>
      pairs(stream)
        .reduceByKey(add)
        .mapValues((v) => v + 10),
    [
      [
        ['a', 12],
        ['b', 11],
      ],
      [['', 12]],
      [],
    ],
  ),
  row(
    'union',
    HUNDREDS,
    (stream) => stream.union(stream.map((x) => x + 4)),
    [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [101, 102, 103, 104, 105, 106, 107, 108],
      [201, 202, 203, 204, 205, 206, 207, 208],
    ],
    true,
  ),
  row(
    'StreamingContext.union',
    HUNDREDS,
    (stream, ssc) =>
      ssc.union(
        stream,
        stream.map((x) => x + 4),
        stream.map((x) => x + 8),
      ),
    HUNDREDS.map(([first = 0]) => Array.from({ length: 12 }, (_, i) => first + i)),
    true,
  ),
  row('transform', FOURS, (stream) => stream.transform((rdd) => rdd.map(String)), [
    ['1', '2', '3', '4'],
    ['5', '6', '7', '8'],
    ['9', '10', '11', '12'],
  ]),
  row(
    'updateStateByKey',
    GROWING,
    (stream) => pairs(stream).updateStateByKey<number>((values, state = 0) => sum(values) + state),
    [
      [['a', 1]],
      [
        ['a', 2],
        ['b', 1],
      ],
      [
        ['a', 3],
        ['b', 2],
        ['c', 1],
      ],
      [
        ['a', 4],
        ['b', 3],
        ['c', 1],
      ],
      [
        ['a', 5],
        ['b', 3],
        ['c', 1],
      ],
      [
        ['a', 5],
        ['b', 3],
        ['c', 1],
      ],
    ],
  ),
  row(
    'updateStateByKey: object lifecycle',
    // Spark's source has no RDD at these times, and a queue has an empty one. In both cases the
    // function runs for every key.
    [['a', 'b'], [], ['a', 'c', 'a'], ['c'], [], []],
    (stream) =>
      pairs(stream)
        .updateStateByKey<Idle>(lifecycle)
        .mapValues(({ counter }) => counter),
    [
      [
        ['a', 1],
        ['b', 1],
      ],
      [
        ['a', 1],
        ['b', 1],
      ],
      [
        ['a', 3],
        ['c', 1],
      ],
      [
        ['a', 3],
        ['c', 2],
      ],
      [['c', 2]],
      [],
    ],
  ),
]

/** The resulting batches, if the input batches have this number of partitions. */
const outputOf = async ({ input, operation }: Row, partitions: number): Promise<Batches> => {
  const queue = input.map((batch) => parallelize(batch, { partitions })) as RDD<never>[]
  const output: unknown[][] = []
  const times: number[] = []
  const pipeline = pipelineOf(
    (ssc) => {
      operation(ssc.queueStream(queue), ssc).foreachRDD(async (rdd, time) => {
        times.push(time.milliseconds - START_MS)
        output.push(await rdd.collect())
      })
    },
    { whenIdle: 'tick' },
  )
  await new World().deploy(pipeline).tick(input.length)
  expect(times).toEqual(input.map((_, i) => (i + 1) * 1_000))
  return output
}

const asSets = (batches: Batches): readonly (readonly string[])[] =>
  batches.map((batch) => batch.map((element) => JSON.stringify(element)).toSorted())

describe.each(rows)('$name', (given) => {
  const { name, expected, ordered } = given

  test.each(name === 'mapPartitions' ? [2] : [1, 2, 5])(
    'over %i partitions',
    async (partitions) => {
      const output = await outputOf(given, partitions)
      if (ordered === true) expect(output).toEqual(expected)
      else expect(asSets(output)).toEqual(asSets(expected))
    },
  )
})

test('updateStateByKey with times: the time of a batch is the time of its input', async () => {
  const queue = [['a'], ['a', 'b'], [], ['b']]
  const output: unknown[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc
      .queueStream(queue)
      .transform((rdd, { milliseconds }) =>
        rdd.mapToPair((letter) => [letter, milliseconds - START_MS]),
      )
      .updateStateByKey<number>((values, state = 0) => state + sum(values))
      .foreachRDD(async (rdd) => void output.push(await rdd.collect()))
  })
  await new World().deploy(pipeline).tick(4)
  expect(output).toEqual([
    [['a', 1_000]],
    [
      ['a', 3_000],
      ['b', 2_000],
    ],
    [
      ['a', 3_000],
      ['b', 2_000],
    ],
    [
      ['a', 3_000],
      ['b', 6_000],
    ],
  ])
})
