/** Event time as users see it: late records, wrong times, lanes, rest, deployments. */
import {
  type DStream,
  type EventTimeOptions,
  hours,
  minutes,
  type Pipeline,
  seconds,
  stream,
  timeOf,
} from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { TestStream } from '../../../../lib/testing/harness/test-stream.ts'
import { pipelineOf as runtimePipeline, World } from '../harness.ts'

type Event = { readonly at: unknown; readonly n: number }
type Events = DStream<[string, Event]>

const START = new Date('2026-01-01T00:00:00Z')

/** `KEY SECOND N`: a record of a key, at a second. */
const eventOf = (line: string): [string, Event] => {
  const [key = '', second, n = '1'] = line.split(' ')
  return [key, { at: Number(second) * 1_000, n: Number(n) }]
}

const pipelineOf = (describePipeline: (events: Events) => void): Pipeline =>
  stream('events', { batchInterval: seconds(1) }, (ssc) =>
    describePipeline(ssc.kinesisTextStream('in').map(eventOf)),
  )

const counted = (options: EventTimeOptions = {}, early = false): Pipeline =>
  pipelineOf((events) => {
    const counts = events
      .withEventTime(([, { at }]) => at as number, options)
      .window(seconds(10))
      .countByKey({ early })
      .named('counts')
    counts
      .map(({ key, window, value, kind }) => `${kind} ${key} ${window.start / 1_000} ${value}`)
      .print()
    counts
      .late()
      .map(({ key, time }) => `late ${key} ${time / 1_000}`)
      .print()
  })

const started = (pipeline: Pipeline): Promise<TestStream> => testStream(pipeline, { now: START })

/** Records of shards, for a batch. */
type Batch = Readonly<Record<string, readonly string[]>>

/** What an output has given in all batches. */
const given = (app: TestStream, output = 'print-1'): readonly unknown[] =>
  app.output(output).elements.flat()

const give = async (app: TestStream, batch: Batch, forSeconds = 1): Promise<readonly unknown[]> => {
  const seen = given(app).length
  const late = given(app, 'print-2').length
  for (const [shard, lines] of Object.entries(batch))
    app.input('in').add(...lines.map((data) => ({ data, shard })))
  await app.advance(seconds(forSeconds))
  return [...given(app).slice(seen), ...given(app, 'print-2').slice(late)]
}

interface Row {
  readonly name: string
  readonly options?: EventTimeOptions
  readonly early?: boolean
  readonly batches: readonly (readonly [batch: Batch, gives: readonly string[], seconds?: number])[]
}

const rows: readonly Row[] = [
  {
    name: 'a window ends when the watermark comes to its end, and not before',
    batches: [
      [{ s: ['a 1', 'a 9', 'b 3'] }, []],
      [{ s: ['a 9', 'a 9.999'] }, []],
      [{ s: ['c 10'] }, ['final a 0 4', 'final b 0 1']],
      [{ s: ['c 25'] }, ['final c 10 1']],
    ],
  },
  {
    name: 'it waits for the lateness',
    options: { lateness: seconds(5) },
    batches: [
      [{ s: ['a 14'] }, []],
      [{ s: ['a 3'] }, []],
      [{ s: ['a 15'] }, ['final a 0 1']],
      [{ s: ['a 4', 'a 12'] }, ['late a 4']],
    ],
  },
  {
    name: 'what comes in the batch that moves the watermark is not late, in any order',
    batches: [[{ s: ['a 15', 'a 1', 'a 31', 'a 2'] }, ['final a 0 2', 'final a 10 1']]],
  },
  {
    name: 'open windows give early results where they change, and a final one',
    early: true,
    batches: [
      [{ s: ['a 1', 'a 11'] }, ['early a 10 1', 'final a 0 1']],
      [{ s: ['b 12'] }, ['early b 10 1']],
      [{ s: ['a 12'] }, ['early a 10 2']],
      [{ s: ['a 20'] }, ['early a 20 1', 'final a 10 2', 'final b 10 1']],
    ],
  },
  {
    name: 'times before the epoch have windows too',
    batches: [
      [{ s: ['a -0.001', 'a -10', 'a -11'] }, ['final a -20 1']],
      [{ s: ['a 0'] }, ['final a -10 2']],
    ],
  },
  {
    name: 'the slowest shard holds the watermark, until it is idle',
    options: { idle: seconds(3) },
    batches: [
      [{ s: ['a 1'], t: ['b 2'] }, []],
      [{ s: ['a 30'] }, []],
      [{ s: ['a 31'] }, []],
      [{ s: ['a 32'] }, []],
      [{ s: ['a 33'] }, ['final a 0 1', 'final b 0 1']],
    ],
  },
  {
    name: 'a pipeline at rest wakes when a shard that holds the watermark becomes idle',
    options: { idle: minutes(10) },
    batches: [
      [{ s: ['a 1'], t: ['b 25'] }, []],
      [{}, ['final a 0 1'], 3_600],
    ],
  },
  {
    name: 'what an idle shard brings later is late, and does not hold the watermark back',
    options: { idle: seconds(2) },
    batches: [
      [{ s: ['a 1'], t: ['b 25'] }, []],
      [{}, ['final a 0 1'], 60],
      [{ s: ['a 2', 'a 22'] }, ['late a 2']],
      [{ t: ['b 40'] }, []],
      [{ s: ['a 41'] }, ['final a 20 1', 'final b 20 1']],
    ],
  },
  {
    name: 'a record far in the future makes all others late',
    batches: [
      [{ s: ['a 1', 'a 100000'] }, ['final a 0 1']],
      [{ s: ['a 2'] }, ['late a 2']],
    ],
  },
]

describe('windows by event time', () => {
  test.each(rows)('$name', async ({ options, early, batches }) => {
    const app = await started(counted(options, early))
    for (const [batch, gives, forSeconds] of batches) {
      const now = (await give(app, batch, forSeconds)) as string[]
      expect(now.toSorted()).toEqual(gives)
      // Nothing is in memory only.
      await app.restart()
    }
    expect(app.failures).toEqual([])
  })

  test('with nothing open, and one lane, a pipeline rests', async () => {
    const app = await started(counted())
    await give(app, { s: ['a 1', 'a 10'] }, 60)
    expect(await app.status()).toBe('rest')
    const batches = app.events.filter(({ event }) => event === 'batchCompleted').length
    await app.advance(hours(24))
    expect(app.events.filter(({ event }) => event === 'batchCompleted').length).toBe(batches)
  })
})

test('late records are counted', async () => {
  const store = memoryItemStore()
  const app = new TestStream(counted(), { now: START }, store)
  await app.restart()
  await give(app, { s: ['a 1', 'a 20'] })
  await give(app, { s: ['a 2', 'b 3', 'c 21'] })
  await app.restart()
  await give(app, { s: ['a 4'] })
  expect(given(app, 'print-2')).toEqual(['late a 2', 'late b 3', 'late a 4'])
  const { states } = await readOverview(store, 'events', app.nowMs)
  expect(states).toMatchObject([{ id: 'counts', watermarkMs: 21_000, late: 3 }])
})

describe('a time that cannot be used becomes a dead letter', () => {
  test.each<[string, unknown, EventTimeOptions?]>([
    ['not a number', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['a text', '2026-01-01'],
    ['missing', undefined],
    ['a date that cannot be read', new Date('no date')],
    ['beyond the last date', 9e15],
    ['too far ahead', START.getTime() + 62_000, { maxAhead: minutes(1) }],
  ])('%s', async (_, bad, options) => {
    const app = await started(
      pipelineOf((events) =>
        events
          .withEventTime(
            ([key, { at }]) => (key === 'bad' ? (bad as number) : (at as number)),
            options,
          )
          .window(seconds(10))
          .countByKey()
          .print(),
      ),
    )
    app.input('in').add('a 1', 'bad 1', 'a 10')
    await app.advance(seconds(1))
    expect(given(app)).toMatchObject([{ key: 'a', value: 1 }])
    expect(await app.deadLetters()).toMatchObject([
      { code: 'EVENT_TIME_INVALID', operator: 'countByKeyInWindows-1', text: 'bad 1' },
    ])
  })

  test.each<[string, unknown]>([
    ['milliseconds', 1_500.75],
    ['a date', new Date(1_500)],
    ['a time', timeOf(1_500)],
  ])('%s is one', async (_, moment) => {
    const app = await started(
      pipelineOf((events) =>
        events
          .withEventTime(() => moment as number)
          .sessionWindow(seconds(10))
          .countByKey({ early: true })
          .print(),
      ),
    )
    app.input('in').add('a 1')
    await app.advance(seconds(1))
    expect(given(app)).toEqual([
      { key: 'a', window: { start: 1_500, end: 11_500 }, value: 1, kind: 'early' },
    ])
  })
})

test('a deployment may change the lateness and the number of partitions', async () => {
  const sum = (partitions: number, late: number) =>
    pipelineOf((events) =>
      events
        .withEventTime(([, { at }]) => at as number, { lateness: seconds(late) })
        .window(seconds(10), seconds(5))
        .combineByKey(
          ({ n }) => n,
          (total, { n }) => total + n,
          (a, b) => a + b,
          { partitions },
        )
        .named('sums')
        .print(),
    )
  const app = await started(sum(1, 60))
  app.input('in').add('a 1 5', 'b 7 6', 'c 12 7', 'a 13 8')
  await app.advance(seconds(1))
  await app.restart({ pipeline: sum(3, 2) })
  app.input('in').add('a 17 9')
  await app.advance(seconds(1))
  const results = given(app) as readonly { key: string; window: object; value: number }[]
  expect(results.map(({ key, window, value }) => [key, window, value])).toEqual(
    expect.arrayContaining([
      ['a', { start: -5_000, end: 5_000 }, 5],
      ['a', { start: 0, end: 10_000 }, 5],
      ['a', { start: 5_000, end: 15_000 }, 8],
      ['b', { start: 0, end: 10_000 }, 6],
      ['b', { start: 5_000, end: 15_000 }, 6],
      ['c', { start: 5_000, end: 15_000 }, 7],
    ]),
  )
  expect(results).toHaveLength(6)
  expect(await app.state('sums')).toHaveLength(2)
})

test('sessions by batch time end a gap after their last batch, at rest too', async () => {
  const app = await started(
    pipelineOf((events) =>
      events
        .mapValues(({ n }) => n)
        .sessionWindow(seconds(5))
        .reduceByKey((a, b) => a + b)
        .print(),
    ),
  )
  const at = (second: number): number => START.getTime() + second * 1_000
  for (const lines of [['a 0 1', 'b 0 2'], [], ['a 0 3'], [], [], [], [], ['a 0 4']]) {
    if (lines.length > 0) app.input('in').add(...lines)
    await app.advance(seconds(1))
  }
  await app.advance(seconds(600))
  expect(given(app)).toEqual([
    { key: 'b', window: { start: at(1), end: at(6) }, value: 2, kind: 'final' },
    // A record a gap later still belongs to it.
    { key: 'a', window: { start: at(1), end: at(13) }, value: 8, kind: 'final' },
  ])
  expect(await app.status()).toBe('rest')
})

test('a batch touches the keys with records, and those of which a window ends', async () => {
  const store = memoryItemStore()
  let calls = 0
  const app = new TestStream(
    pipelineOf((events) =>
      events
        .withEventTime(([, { at }]) => at as number)
        .sessionWindow(seconds(1_000))
        .combineByKey(
          () => 1,
          (count) => {
            calls += 1
            return count + 1
          },
          (a, b) => {
            calls += 1
            return a + b
          },
        )
        .named('sessions')
        .print(),
    ),
    { now: START },
    store,
  )
  await app.restart()
  const bytes = async (): Promise<number> =>
    (await readOverview(store, 'events', app.nowMs)).states[0]?.bytes ?? 0
  // A thousand sessions are open; three of them end sooner.
  app.input('in').add(...Array.from({ length: 1_000 }, (_, n) => `k${n} ${n < 3 ? 1 : 500}`))
  await app.advance(seconds(1))
  const whole = await bytes()
  expect(whole).toBeGreaterThan(10_000)
  for (const [line, results, most] of [
    ['k500 501', 0, 1],
    ['k501 1001', 3, 1],
    ['k502 1002', 0, 1],
  ] as const) {
    const [before, seen] = [await bytes(), given(app).length]
    calls = 0
    app.input('in').add(line)
    await app.advance(seconds(1))
    expect(given(app).length - seen).toBe(results)
    expect(calls).toBeLessThanOrEqual(most)
    expect((await bytes()) - before).toBeLessThan(200)
  }
})

test('what is redriven does not hold the watermark', async () => {
  const world = new World()
  const seen: unknown[] = []
  const app = world.deploy(
    runtimePipeline((ssc) => {
      const events = ssc.socketTextStream('in', 1).map(eventOf)
      const counts = events.withEventTime(([, { at }]) => at as number).window(seconds(10))
      counts.countByKey().foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
    }),
  )
  await app.run()
  await app.append('socketTextStream-1', 1, ['a 1', 'a 9'], 'x')
  await app.append('socketTextStream-1', 1, ['b 5'], 'redrive-1')
  await app.tick()
  expect(seen).toEqual([])
  await app.append('socketTextStream-1', 3, ['a 10'], 'x')
  await app.tick()
  expect(seen).toMatchObject([
    { key: 'a', value: 2 },
    { key: 'b', value: 1 },
  ])
})

describe('refuses', () => {
  const any = <T>(value: unknown): T => value as T
  type Timed = ReturnType<Events['withEventTime']>

  test.each<[string, (events: Events, timed: Timed) => unknown, RegExp]>([
    ['no function', (events) => events.withEventTime(any('at')), /needs a function/],
    [
      'a bare number as lateness',
      (events) => events.withEventTime(() => 0, { lateness: any(5) }),
      /lateness must be a duration/,
    ],
    [
      'a bare number as idle',
      (events) => events.withEventTime(() => 0, { idle: any(5) }),
      /idle must be a duration/,
    ],
    [
      'a bare number as maxAhead',
      (events) => events.withEventTime(() => 0, { maxAhead: any(5) }),
      /maxAhead must be a duration/,
    ],
    ['no size', (_, timed) => timed.window(any(undefined)), /size must be a duration/],
    [
      'a slide that is longer than the size',
      (_, timed) => timed.window(seconds(5), seconds(6)),
      /slide that is not longer than its size/,
    ],
    ['no gap', (_, timed) => timed.sessionWindow(any(0)), /gap must be a duration/],
    ['no gap by batch time', (events) => events.sessionWindow(any(0)), /gap must be a duration/],
    [
      'early that is no flag',
      (_, timed) => timed.window(seconds(5)).countByKey({ early: any(1) }),
      /early is not allowed/,
    ],
    [
      'no partitions',
      (_, timed) => timed.window(seconds(5)).groupByKey({ partitions: 0 }),
      /at least one partition/,
    ],
  ])('%s', (_, use, message) => {
    const pipeline = pipelineOf(
      (events) =>
        void use(
          events,
          events.withEventTime(() => 0),
        ),
    )
    expect(() => pipeline.build()).toThrow(
      expect.objectContaining({
        code: 'ARGUMENT_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    )
  })
})

test('another size, slide or gap is another state', async () => {
  const of = (use: (events: ReturnType<Events['withEventTime']>) => DStream<unknown>): Pipeline =>
    pipelineOf((events) => use(events.withEventTime(([, { at }]) => at as number)).print())
  const app = await started(of((timed) => timed.window(seconds(10)).countByKey()))
  app.input('in').add('a 1')
  await app.advance(seconds(1))
  await expect(
    app.restart({ pipeline: of((timed) => timed.window(seconds(20)).countByKey()) }),
  ).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
})

test('the open windows of a key can be read from outside', async () => {
  const app = await started(
    pipelineOf((events) =>
      events
        .withEventTime(([, { at }]) => at as number)
        .sessionWindow(seconds(5))
        .countByKey()
        .named('open')
        .print(),
    ),
  )
  app.input('in').add('a 1', 'a 3', 'a 20', 'b 18')
  await app.advance(seconds(1))
  expect(await app.state('open')).toEqual([
    ['a', [{ from: 20_000, last: 20_000, value: 1 }]],
    ['b', [{ from: 18_000, last: 18_000, value: 1 }]],
  ])
})
