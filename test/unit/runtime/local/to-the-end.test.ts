import {
  type DStream,
  minutes,
  seconds,
  type State,
  StateSpec,
  stream,
  type StreamOptions,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { memoryObjects } from '../../../../lib/adapters/memory/memory-objects.ts'
import { LocalBed, START_MS } from '../local-bed.ts'

// `--once` means: all there is, to the end.

const add = (a: number, b: number): number => a + b
const subtract = (a: number, b: number): number => a - b

/** Says when a key ends. */
const ending = StateSpec.function((key: string, _: number | undefined, state: State<number>) => {
  if (state.isTimingOut()) return `${key} ended`
  state.update(1)
  return undefined
})

type Pairs = DStream<[string, number]>
type Described = DStream<unknown>
type Describe = (pairs: Pairs) => Described | readonly Described[]
type Shown = readonly [seconds: number, elements: readonly unknown[]]

/** Runs a pipeline over one file to the end, and gives the batches that showed something. */
const runOnce = async (
  describe: Describe,
  { untilIdle, ...options }: Partial<StreamOptions> & { readonly untilIdle?: boolean } = {},
) => {
  const shown: Shown[] = []
  const pipeline = stream('once', { batchInterval: seconds(10), ...options }, (ssc) => {
    const pairs = ssc.textFileStream('lines').mapToPair((line) => [line, 1])
    for (const described of [describe(pairs)].flat())
      described.foreachRDD(async (rdd, time) => {
        const elements = await rdd.collect()
        if (elements.length > 0) shown.push([(time.milliseconds - START_MS) / 1_000, elements])
      })
  })
  const objects = memoryObjects()
  const bed = new LocalBed({ pipeline, objects })
  objects.write('file', Buffer.from('a\nb\na\n'), START_MS + 1)
  const end = await bed.run({ once: true, ...(untilIdle === undefined ? {} : { untilIdle }) })
  const again = shown.length
  const second = await bed.run({ once: true })
  return { shown: shown.slice(0, again), more: shown.slice(again), end, second, bed }
}

const COUNTS = [
  ['a', 2],
  ['b', 1],
]

describe('each window shows what it holds at its next slide', () => {
  test.each<[string, Describe, readonly Shown[]]>([
    [
      'without an inverse',
      (pairs) => pairs.reduceByKeyAndWindow(add, minutes(5), seconds(60)),
      [[60, COUNTS]],
    ],
    [
      'with an inverse',
      (pairs) => pairs.reduceByKeyAndWindow(add, subtract, minutes(5), seconds(60)),
      [[60, COUNTS]],
    ],
    [
      'of all elements',
      (pairs) => pairs.map(([word]) => word).window(minutes(5), seconds(30)),
      [[30, ['a', 'b', 'a']]],
    ],
    ['a count', (pairs) => pairs.countByWindow(minutes(5), seconds(30)), [[30, [3]]]],
    [
      'over a window',
      (pairs) => pairs.window(seconds(60), seconds(30)).countByWindow(seconds(120), seconds(120)),
      // The second window also sees what the first one shows on the way.
      [[120, [6]]],
    ],
    [
      'two, of different slides',
      (pairs) => [
        pairs.countByWindow(seconds(60), seconds(20)).map((count) => `20 s: ${count}`),
        pairs.countByWindow(seconds(60), seconds(60)).map((count) => `60 s: ${count}`),
      ],
      [
        [20, ['20 s: 3']],
        [40, ['20 s: 3']],
        [60, ['20 s: 3']],
        [60, ['60 s: 3']],
      ],
    ],
  ])('%s', async (_, describe, expected) => {
    const { shown, more, end, second } = await runOnce(describe)
    expect(shown).toEqual(expected)
    expect(end).toEqual({ kind: 'done' })
    expect([more, second]).toEqual([[], { kind: 'done' }])
  })
})

describe('keys that wait for a time-out', () => {
  const pipeline = (pairs: Pairs): Described =>
    pairs.mapWithState(ending.timeout(minutes(30))).filter((text) => text !== undefined)

  test.each(['rest', 'tick'] as const)('end in virtual time (%s)', async (whenIdle) => {
    const { shown, end } = await runOnce(pipeline, { whenIdle })
    expect(shown).toEqual([[1_820, ['a ended', 'b ended']]])
    expect(end).toEqual({ kind: 'done' })
  })

  test('are counted where time does not run on', async () => {
    const { shown, end, more } = await runOnce(pipeline, { untilIdle: false })
    expect(shown).toEqual([])
    expect(end).toEqual({
      kind: 'done',
      waiting: { keys: 2, outputs: 0, firstMs: START_MS + 1_810_001 },
    })
    // The next run lets time run on.
    expect(more).toEqual([[1_820, ['a ended', 'b ended']]])
  })

  test('end after a window has shown what it held on the way', async () => {
    const { shown } = await runOnce((pairs) => [
      pairs
        .countByWindow(seconds(60), seconds(30))
        .filter((count) => count > 0)
        .map(String),
      pipeline(pairs),
    ])
    expect(shown).toEqual([
      [30, ['3']],
      [60, ['3']],
      [1_820, ['a ended', 'b ended']],
    ])
  })
})

describe('timers of keys', () => {
  const reminding = (pairs: Pairs): Described =>
    pairs
      .mapWithState(
        StateSpec.function((key: string, _: number | undefined, state: State<number>, time) => {
          const times = state.isTimerFiring() ? state.get() + 1 : 0
          if (times < 3) state.setTimer(time.plus(minutes(10)))
          state.update(times)
          return times === 0 ? undefined : `${key} ${times}`
        }).timers(),
      )
      .filter((text) => text !== undefined)

  test.each(['rest', 'tick'] as const)('fire in virtual time, and again (%s)', async (whenIdle) => {
    const { shown, end, more } = await runOnce(reminding, { whenIdle })
    expect(shown).toEqual([
      [610, ['a 1', 'b 1']],
      [1_210, ['a 2', 'b 2']],
      [1_810, ['a 3', 'b 3']],
    ])
    expect([end, more]).toEqual([{ kind: 'done' }, []])
  })

  test('are counted where time does not run on', async () => {
    const { shown, end, more } = await runOnce(reminding, { untilIdle: false })
    expect(shown).toEqual([])
    expect(end).toEqual({
      kind: 'done',
      waiting: { keys: 2, outputs: 0, firstMs: START_MS + 610_000 },
    })
    expect(more).toHaveLength(3)
  })
})

test('keys with a ttl end in virtual time', async () => {
  const { shown, end } = await runOnce((pairs) =>
    pairs
      .updateStateByKey<number>((ones, total = 0) => total + ones.length, { ttl: minutes(30) })
      .count(),
  )
  expect(shown).toEqual([
    [10, [2]],
    [20, [2]],
    [1_820, [0]],
  ])
  expect(end).toEqual({ kind: 'done' })
})

test('a run to the end does not warn of the clock', async () => {
  const { bed } = await runOnce((pairs) => pairs.mapWithState(ending.timeout(minutes(30))))
  expect(bed.eventsOf('warning')).toEqual([])
})

test('files that no batch has taken are named with the reason', async () => {
  const objects = memoryObjects()
  const pipeline = stream('left', { batchInterval: seconds(10) }, (ssc) =>
    ssc.textFileStream('lines').print(),
  )
  const bed = new LocalBed({ pipeline, objects, existing: 'ignore', filter: (key) => key !== 'no' })
  await bed.run({ once: true })
  for (const [key, seconds] of [
    ['old', -3_600],
    ['older', -7_200],
    ['no', 1],
    ['taken', 0.001],
    ['future', 3_600],
  ] as const)
    objects.write(key, Buffer.from(`${key}\n`), START_MS + 1 + 1_000 * seconds)
  bed.events.length = 0
  expect(await bed.run({ once: true })).toEqual({ kind: 'done' })
  const left = bed.eventsOf('leftOut').map(({ reason, count, first }) => [reason, count, first])
  expect(new Set(left)).toEqual(
    new Set([
      ['beforeStart', 2, 'old'],
      ['filtered', 1, 'no'],
      ['future', 1, 'future'],
    ]),
  )
})
