/** Functions on the hot path are not async: a promise is refused where a value is needed. */
import { type DStream, seconds, StateSpec, stream, type StreamingContext } from 'millrace'
import { testStream, type TestStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const anything = <T>(value: unknown): T => value as T
const late = async (): Promise<never> => {
  throw new Error('late')
}
const sum = (a: number, b: number): number => a + b
const pairs = (words: DStream<string>): DStream<[string, number]> =>
  words.mapToPair((word) => [word, 1])

const built = (of: (words: DStream<string>) => DStream<unknown>): void => {
  stream('p', { batchInterval: seconds(1) }, (ssc) =>
    of(ssc.kinesisTextStream('in')).print(),
  ).build()
}

test.each<[string, (words: DStream<string>) => DStream<unknown>]>([
  ['map', (words) => words.map(async (word) => word)],
  ['filter', (words) => words.filter(anything(async () => false))],
  ['flatMap', (words) => words.flatMap(anything(async () => []))],
  ['flatMap of an async generator', (words) => words.flatMap(anything(async function* () {}))],
  ['mapToPair', (words) => words.mapToPair(anything(late))],
  ['mapValues', (words) => pairs(words).mapValues(late)],
  ['flatMapValues', (words) => pairs(words).flatMapValues(anything(late))],
  ['reduce', (words) => words.reduce(anything(late))],
  ['reduceByKey', (words) => pairs(words).reduceByKey(anything(late))],
  ['combineByKey', (words) => pairs(words).combineByKey(late, anything(late), anything(late))],
  ['reduceByWindow', (words) => words.reduceByWindow(anything(late), seconds(2))],
  [
    'reduceByKeyAndWindow',
    (words) => pairs(words).reduceByKeyAndWindow(late as never, seconds(2), seconds(1)),
  ],
  [
    'an inverse',
    (words) =>
      pairs(words).reduceByKeyAndWindow(sum, anything<typeof sum>(late), seconds(2), seconds(1)),
  ],
  ['updateStateByKey', (words) => pairs(words).updateStateByKey(late)],
  [
    'updateStateByPartition',
    (words) => pairs(words).updateStateByPartition<number>(anything<() => never>(late)),
  ],
  ['mapWithState', (words) => pairs(words).mapWithState(StateSpec.function(late))],
  ['partitionBy', (words) => pairs(words).partitionBy(2, anything(late))],
])('%s refuses an async function when it is described', (_, of) => {
  expect(() => built(of)).toThrow(
    expect.objectContaining({
      code: 'PROMISE_UNEXPECTED',
      message: expect.stringContaining('mapPartitions()') as string,
    }),
  )
})

const started = async (describePipeline: (ssc: StreamingContext) => void): Promise<TestStream> => {
  const app = await testStream(stream('p', { batchInterval: seconds(1) }, describePipeline), {
    failures: 'record',
  })
  app.input('in').add('a', 'bad', 'b')
  await app.advance(seconds(1))
  return app
}

describe('a promise in a batch', () => {
  test('puts aside its record, and a rejection ends nothing', async () => {
    const app = await started((ssc) =>
      ssc
        .kinesisTextStream('in')
        .map((word) => (word === 'bad' ? anything<string>(late()) : word))
        .print(),
    )
    expect(app.output('print-1').elements).toEqual([['a', 'b']])
    expect(await app.deadLetters()).toMatchObject([
      { text: 'bad', code: 'PROMISE_UNEXPECTED', operator: 'map-1' },
    ])
  })

  test.each<[string, (words: DStream<string>) => DStream<unknown>]>([
    ['mapWithState', (words) => pairs(words).mapWithState(StateSpec.function(() => late()))],
    ['updateStateByKey', (words) => pairs(words).updateStateByKey(() => late())],
    [
      'updateStateByPartition',
      (words) => pairs(words).updateStateByPartition<number>(() => anything<never>(late())),
    ],
    [
      'foreach of an RDD',
      (words) =>
        words.transform(async (rdd) => {
          await rdd.foreach(() => anything(late()))
          return rdd
        }),
    ],
    [
      'a map after a shuffle',
      (words) =>
        pairs(words)
          .reduceByKey(sum)
          .map(() => late()),
    ],
  ])('fails the batch in %s', async (_, of) => {
    const app = await started((ssc) => of(ssc.kinesisTextStream('in')).print())
    expect(app.failures[0]?.error.message).toContain('[PROMISE_UNEXPECTED]')
  })

  test('is waited for in mapPartitions, transform, foreachRDD and foreachPartition', async () => {
    const seen: string[] = []
    const app = await started((ssc) =>
      ssc
        .kinesisTextStream('in')
        .mapPartitions(async (words) => [...words].map((word) => `${word}!`))
        .transform(async (rdd) => rdd.filter((word) => word !== 'bad!'))
        .foreachRDD(async (rdd) => rdd.foreachPartition(async (words) => void seen.push(...words))),
    )
    expect(app.failures).toEqual([])
    expect(seen).toEqual(['a!', 'b!'])
  })
})
