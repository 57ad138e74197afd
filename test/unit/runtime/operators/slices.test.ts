import { milliseconds, seconds, stream, timeOf, type Time } from 'millrace'
import { testStream, type TestStream, type TestStreamOptions } from 'millrace/testing'
import { describe, expect, test } from 'vitest'

const ZERO_MS = 100_000

const sliced = (
  from: Time | Date,
  to: Time | Date,
  describeOutput: 'slice' | 'windowed' = 'slice',
) =>
  stream('slices', { batchInterval: seconds(1) }, (ssc) => {
    const lines = ssc.kinesisTextStream('in')
    const source = describeOutput === 'slice' ? lines : lines.window(seconds(2), seconds(2))
    source.slice(from, to).foreachRDD(() => undefined)
  })

/** The time of batch k, counted from 1. */
const at = (k: number): Time => timeOf(ZERO_MS + 1_000 * k)

const start = (
  pipeline: ReturnType<typeof sliced>,
  options: TestStreamOptions = {},
): Promise<TestStream> => testStream(pipeline, { now: new Date(ZERO_MS), ...options })

/** A number of batches, each with one record, named by its number. */
const feed = async (
  app: TestStream,
  from: number,
  to: number,
  afterEach: () => Promise<void> = async () => undefined,
): Promise<void> => {
  for (let k = from; k <= to; k++) {
    app.input('in').add(String(k))
    await app.advance(seconds(1))
    await afterEach()
  }
}

/** The RDDs of a slice, by the number of their batch. */
const rdds = (app: TestStream): Readonly<Record<number, unknown>> =>
  Object.fromEntries(
    app
      .output('foreachRDD-1')
      .batches.flatMap(({ timeMs, elements }) =>
        elements === undefined ? [] : [[(timeMs - ZERO_MS) / 1_000, elements]],
      ),
  )

describe('a slice', () => {
  test.each<[string, Time | Date, Time | Date, Readonly<Record<number, readonly string[]>>]>([
    ['includes both ends', at(2), at(4), { 4: ['2', '3', '4'] }],
    ['of one batch', at(3), at(3), { 3: ['3'] }],
    [
      'may be given as dates',
      new Date(ZERO_MS + 2_000),
      new Date(ZERO_MS + 3_000),
      { 3: ['2', '3'] },
    ],
    [
      'means the earlier batch, if a time is between two batches',
      timeOf(ZERO_MS + 1_500),
      timeOf(ZERO_MS + 3_700),
      { 3: ['1', '2', '3'] },
    ],
    ['from before the start has everything since the start', timeOf(0), at(2), { 2: ['1', '2'] }],
    [
      'with an end in the past comes with the first batch, and is empty',
      timeOf(0),
      timeOf(1),
      { 1: [] },
    ],
    ['whose end is before its beginning is empty', at(3), at(2), { 2: [] }],
  ])('%s', async (_, from, to, expected) => {
    const app = await start(sliced(from, to), { whenIdle: 'tick' })
    await feed(app, 1, 6)
    expect(rdds(app)).toEqual(expected)
  })

  test('consists of the RDDs of its stream', async () => {
    const app = await start(sliced(at(3), at(7), 'windowed'), { whenIdle: 'tick' })
    await feed(app, 1, 8)
    // Windows are at 2, 4, 6 and 8: the times mean 2 and 6.
    expect(rdds(app)).toEqual({ 6: ['1', '2', '3', '4', '5', '6'] })
  })

  test('is the same if a new process runs every batch', async () => {
    const app = await start(sliced(at(2), at(4)))
    await feed(app, 1, 6, () => app.restart())
    expect(rdds(app)).toEqual({ 4: ['2', '3', '4'] })
  })

  test('comes without input: a resting pipeline wakes for it', async () => {
    const app = await start(sliced(at(2), at(600)))
    await feed(app, 1, 3)
    await app.advance(seconds(700))
    expect(rdds(app)).toEqual({ 600: ['2', '3'] })
    expect(await app.status()).toBe('rest')
  })

  test('wakes a pipeline that has been at rest from the start', async () => {
    const app = await start(sliced(at(500), at(600)))
    await app.advance(seconds(700))
    expect(rdds(app)).toEqual({ 600: [] })
    expect(app.output('foreachRDD-1').batches.length).toBeLessThan(10)
  })

  test('comes with the next batch, if no batch ran at its end', async () => {
    const app = await start(sliced(at(2), at(4)))
    await feed(app, 1, 3)
    await app.restart({ downFor: seconds(10) })
    app.input('in').add('late')
    await app.advance(seconds(5))
    expect(Object.values(rdds(app))).toEqual([['2', '3']])
  })

  test('can be requested again by a later deployment', async () => {
    const app = await start(sliced(at(2), at(3)))
    await feed(app, 1, 4)
    await app.restart({ pipeline: sliced(at(6), at(7)) })
    await feed(app, 5, 8)
    expect(rdds(app)).toEqual({ 3: ['2', '3'], 7: ['6', '7'] })
  })

  test('can be reduced, but fails for operations that need an RDD at all times', async () => {
    const pipelineWith = (count: boolean) =>
      stream('slices', { batchInterval: seconds(1) }, (ssc) => {
        const slice = ssc.kinesisTextStream('in').slice(at(1), at(2))
        const ones = slice
          .mapToPair((line): [string, number] => [line, 1])
          .reduceByKey((a, b) => a + b)
        if (count) slice.count().print()
        else ones.foreachRDD(() => undefined)
      })
    const app = await start(pipelineWith(false))
    await feed(app, 1, 3)
    expect(rdds(app)).toEqual({
      2: [
        ['1', 1],
        ['2', 1],
      ],
    })
    await expect(feed(await start(pipelineWith(true)), 1, 1)).rejects.toThrow(
      'count needs an RDD from every parent',
    )
  })

  test('comes again if its batch has failed', async () => {
    let isDown = true
    const pipeline = stream('slices', { batchInterval: seconds(1) }, (ssc) => {
      const slice = ssc.kinesisTextStream('in').slice(at(1), at(2))
      slice.foreachRDD(() => {
        if (isDown) throw new Error('down')
      })
    })
    const app = await start(pipeline, { failures: 'record' })
    await feed(app, 1, 2)
    isDown = false
    await app.advance(seconds(60))
    expect(rdds(app)).toEqual({ 2: ['1', '2'] })
    expect(
      app.output('foreachRDD-1').runs.filter(({ elements }) => elements !== undefined),
    ).toHaveLength(2)
  })

  test.each([[milliseconds(5)], [5], ['2026-11-27'], [new Date('none')], [undefined]])(
    'refuses %s as a time',
    (moment) => {
      expect(() => sliced(moment as unknown as Time, at(1)).build()).toThrow('"from"')
      expect(() => sliced(at(1), moment as unknown as Time).build()).toThrow('"to"')
    },
  )
})
