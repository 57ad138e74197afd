/**
 * What becomes of stored state under another plan: it is carried over with the right values, or the
 * plan is refused before anything is touched. Never a third thing.
 */
import fc from 'fast-check'
import {
  type DStream,
  type Duration,
  type Pipeline,
  seconds,
  StateSpec,
  stream,
  timeOf,
} from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { APP, START_MS, World } from '../harness.ts'

type Pairs = DStream<[string, number]>
type Shape = (pairs: Pairs) => DStream<unknown>

interface Settings {
  readonly interval?: Duration
  readonly whenIdle?: 'rest' | 'tick'
}

/** Pairs of each letter and 1. The stream that `shape` makes of them is the output. */
const pipelineOf = (
  shape: Shape,
  { interval = seconds(1), whenIdle = 'tick' }: Settings = {},
): Pipeline =>
  stream(APP, { batchInterval: interval, whenIdle }, (ssc) => {
    const pairs = ssc.kinesisTextStream('in').map((letter): [string, number] => [letter, 1])
    shape(pairs).foreachRDD(() => undefined)
  })

const every3 = (shape: Shape): Pipeline => pipelineOf(shape, { interval: seconds(3) })

const add = (a: number, b: number): number => a + b
const count = (ones: readonly number[], total = 0): number => total + ones.length

const totals =
  (partitions = 1, ttl?: Duration): Shape =>
  (pairs) =>
    pairs
      .updateStateByKey<number>(count, { partitions, ...(ttl === undefined ? {} : { ttl }) })
      .named('s')

const byPartition =
  (partitions: number): Shape =>
  (pairs) =>
    pairs
      .updateStateByPartition<number>(
        (visits) => Array.from(visits, ([key, ones, total]) => [key, count(ones, total)] as const),
        { partitions },
      )
      .named('s')

interface Mapped {
  readonly timeout?: number
  readonly partitions?: number
  /** The seconds after a record when the timer of its key is due. Left out: no timers. */
  readonly timer?: number
}

/** Totals. With timers, a total gets 100 more when the timer of its key fires. */
const mapped =
  ({ timeout, partitions = 1, timer }: Mapped = {}): Shape =>
  (pairs) => {
    const spec = StateSpec.function<string, number, number, number | undefined>(
      (_, one, state, time) => {
        if (state.isTimingOut()) return undefined
        const more = state.isTimerFiring() ? 100 : (one ?? 0)
        const total = (state.getOption() ?? 0) + more
        state.update(total)
        if (timer !== undefined && one !== undefined) state.setTimer(time.plus(seconds(timer)))
        return total
      },
      { partitions, timers: timer !== undefined },
    )
    return pairs
      .mapWithState(timeout === undefined ? spec : spec.timeout(seconds(timeout)))
      .named('s')
      .stateSnapshots()
  }

const reduced =
  (length: number, slide: number, partitions = 1): Shape =>
  (pairs) =>
    pairs.reduceByKeyAndWindow(add, seconds(length), seconds(slide), { partitions }).named('s')

const inverse =
  (length: number, slide: number, partitions = 1): Shape =>
  (pairs) =>
    pairs
      .reduceByKeyAndWindow(add, (a, b) => a - b, seconds(length), seconds(slide), { partitions })
      .named('s')

const grouped =
  (length: number, slide: number, partitions = 1): Shape =>
  (pairs) =>
    pairs.groupByKeyAndWindow(seconds(length), seconds(slide), { partitions }).named('s')

const windowed =
  (length: number, slide: number): Shape =>
  (pairs) =>
    pairs.window(seconds(length), seconds(slide)).named('s')

const counted =
  (length: number, slide: number): Shape =>
  (pairs) =>
    pairs.countByWindow(seconds(length), seconds(slide)).named('s')

const valued =
  (length: number, slide: number, partitions = 1): Shape =>
  (pairs) =>
    pairs.countByValueAndWindow(seconds(length), seconds(slide), { partitions }).named('s')

const smallest =
  (length: number, slide: number): Shape =>
  (pairs) =>
    pairs
      .map(([letter]) => letter)
      .reduceByWindow((a, b) => (a < b ? a : b), seconds(length), seconds(slide))
      .named('s')

/** The RDD of some seconds after the start. */
const sliced =
  (from: number, to: number): Shape =>
  (pairs) =>
    pairs
      .map(([letter]) => letter)
      .slice(timeOf(START_MS + 1_000 * from), timeOf(START_MS + 1_000 * to))
      .named('s')

/** The letters of each second, before the restart and after it. */
const BEFORE = ['ab', 'a', 'c', 'd']
const AFTER = ['a', 'ce', '']

const last = (elements: readonly (readonly unknown[] | undefined)[]): readonly unknown[] =>
  (elements.findLast((some) => some !== undefined) ?? []).toSorted((a, b) =>
    JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
  )

/** Runs two pipelines on one store, one after the other. Gives the last elements, sorted. */
const runBoth = async (before: Pipeline, after: Pipeline): Promise<readonly unknown[]> => {
  const app = await testStream(before, { now: new Date(START_MS) })
  const feed = async (lines: readonly string[]): Promise<void> => {
    for (const line of lines) {
      app.input('in').add(...line.split(''))
      await app.advance(seconds(1))
    }
  }
  await feed(BEFORE)
  await app.restart({ pipeline: after })
  await feed(AFTER)
  return last(app.output('foreachRDD-1').elements)
}

/** The letters of some seconds, counted without the engine. */
const countsIn = (lines: readonly string[]): readonly (readonly [string, number])[] => {
  const letters = lines.join('')
  return [...new Set(letters)].toSorted().map((one) => [one, letters.split(one).length - 1])
}
const COUNTS = countsIn([...BEFORE, ...AFTER])

type Change = readonly [what: string, before: Pipeline, after: Pipeline]
const change = (what: string, before: Shape, after: Shape): Change => [
  what,
  pipelineOf(before),
  pipelineOf(after),
]

/** Changes in the way that the same totals are stored. */
const carriedOver: readonly Change[] = [
  change('keyed state, in more partitions', totals(1), totals(3)),
  change('keyed state, in fewer partitions', totals(4), totals(1)),
  change('keyed state of whole partitions, in others', byPartition(2), byPartition(3)),
  change('mapped state, with a timeout that is added', mapped(), mapped({ timeout: 60 })),
  change('mapped state, with a timeout that is removed', mapped({ timeout: 60 }), mapped()),
  change(
    'mapped state, with a timeout and in more partitions',
    mapped(),
    mapped({ timeout: 60, partitions: 3 }),
  ),
  change(
    'mapped state, without its timeout and in fewer partitions',
    mapped({ timeout: 60, partitions: 3 }),
    mapped({ partitions: 2 }),
  ),
  change('keyed state, with a ttl that is added', totals(), totals(1, seconds(60))),
  change('keyed state, with a ttl that is removed', totals(1, seconds(60)), totals()),
  change(
    'keyed state, with a ttl and in more partitions',
    totals(2, seconds(60)),
    totals(3, seconds(60)),
  ),
  change('mapped state, with timers that are added', mapped(), mapped({ timer: 60 })),
  change('mapped state, with timers that are removed', mapped({ timer: 60 }), mapped()),
  change(
    'mapped state, with timers beside a timeout, in more partitions',
    mapped({ timeout: 60 }),
    mapped({ timeout: 60, timer: 60, partitions: 3 }),
  ),
  change(
    'mapped state, with timers for a timeout, in fewer partitions',
    mapped({ timeout: 60, partitions: 3 }),
    mapped({ timer: 60, partitions: 2 }),
  ),
  change('a window to which an inverse is added', reduced(60, 1), inverse(60, 1)),
  change('a window in more partitions', reduced(60, 1, 1), reduced(60, 1, 3)),
  change('a window in fewer partitions', reduced(60, 1, 3), reduced(60, 1, 2)),
  change('an inverse in more partitions', inverse(60, 1, 1), inverse(60, 1, 3)),
  change(
    'a window in other partitions, to which an inverse is added',
    reduced(60, 1, 2),
    inverse(60, 1, 3),
  ),
  ['keyed state, at another interval', pipelineOf(totals()), every3(totals())],
  ['mapped state, at another interval', pipelineOf(mapped()), every3(mapped({ timeout: 60 }))],
]

describe('carried over', () => {
  test.each(carriedOver)('%s', async (_, before, after) => {
    expect(await runBoth(before, after)).toEqual(COUNTS)
    expect(await runBoth(after, after)).toEqual(COUNTS)
  })

  test.each<[string, Shape, Shape]>([
    ['keyed state', totals(), totals()],
    ['a longer timeout', mapped({ timeout: 60 }), mapped({ timeout: 600 })],
  ])('%s is stored as before: the plan is the same', async (_, before, after) => {
    expect(pipelineOf(after).build().hash).toBe(pipelineOf(before).build().hash)
    expect(await runBoth(pipelineOf(before), pipelineOf(after))).toEqual(COUNTS)
  })

  test('state whose number in its kind has changed, under the name in the store', async () => {
    const before = pipelineOf((pairs) => pairs.updateStateByKey<number>(count))
    const after = pipelineOf((pairs) => {
      const other = pairs.updateStateByKey<number>(() => 7).named('other')
      const same = pairs.updateStateByKey<number>(count).named('updateStateByKey-1')
      return same.leftOuterJoin(other).mapValues(([total]) => total)
    })
    expect(await runBoth(before, after)).toEqual(COUNTS)
  })

  test.each<[string, Shape, Shape, readonly string[]]>([
    ['whose times are all to come', sliced(1, 2), sliced(5, 6), ['a', 'c', 'e']],
    ['that begins later', sliced(1, 7), sliced(4, 6), ['a', 'c', 'd', 'e']],
    ['that ends later', sliced(3, 5), sliced(3, 6), ['a', 'c', 'c', 'd', 'e']],
    ['that ends earlier', sliced(2, 9), sliced(2, 5), ['a', 'a', 'c', 'd']],
  ])('a slice %s', async (_, before, after, right) => {
    expect(await runBoth(pipelineOf(before), pipelineOf(after))).toEqual(right)
  })
})

/** A window that holds the pairs of the last six seconds, as counts of its letters. */
const divisible: readonly (readonly [string, (partitions: number) => Shape])[] = [
  ['reductions', (partitions) => reduced(6, 1, partitions)],
  ['inverses', (partitions) => inverse(6, 1, partitions)],
  [
    'groups',
    (partitions) => (pairs) =>
      (grouped(6, 1, partitions)(pairs) as DStream<[string, number[]]>).mapValues(
        (ones) => ones.length,
      ),
  ],
  [
    'counts of values',
    (partitions) => (pairs) => valued(6, 1, partitions)(pairs.map(([letter]) => letter) as never),
  ],
]

const byLetter = ([a]: [string, number], [b]: [string, number]): number => (a < b ? -1 : 1)

describe('windows in another number of partitions go on, whatever the numbers', () => {
  test.each(divisible)('%s', async (_, shapeOf) => {
    const letters = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 3 })
    const partitions = fc.option(fc.constantFrom(1, 2, 3, 7), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(letters, partitions), { minLength: 4, maxLength: 16 }),
        async (batches) => {
          const app = await testStream(pipelineOf(shapeOf(2)), { now: new Date(START_MS) })
          for (const [index, [some, number]] of batches.entries()) {
            if (number !== undefined) await app.restart({ pipeline: pipelineOf(shapeOf(number)) })
            if (some.length > 0) app.input('in').add(...some)
            await app.advance(seconds(1))
            const held = batches
              .slice(Math.max(0, index - 5), index + 1)
              .map(([one]) => one.join(''))
            const { elements } = app.output('foreachRDD-1')
            expect(elements).toHaveLength(index + 1)
            const given = elements.at(-1) as readonly [string, number][]
            // Keys of inverses stay, with nothing left.
            expect(given.filter(([, n]) => n !== 0).toSorted(byLetter)).toEqual(countsIn(held))
          }
        },
      ),
      { numRuns: 12 },
    )
  })
})

describe('what is due is carried over', () => {
  /** Runs a plan, then another one, and gives the totals of a and b after each further second. */
  const after = async (before: Shape, next: Shape): Promise<readonly unknown[]> => {
    const app = await testStream(pipelineOf(before), { now: new Date(START_MS) })
    app.input('in').add('a', 'b')
    await app.advance(seconds(1))
    app.input('in').add('b')
    await app.advance(seconds(1))
    await app.restart({ pipeline: pipelineOf(next) })
    const seen: unknown[] = []
    for (let second = 3; second <= 8; second++) {
      await app.advance(seconds(1))
      const states = new Map(await app.state<string, number>('s'))
      seen.push([states.get('a'), states.get('b')])
    }
    return seen
  }

  test.each<[string, Shape, Shape, readonly unknown[]]>([
    [
      'timers, into more partitions',
      mapped({ timer: 4 }),
      mapped({ timer: 4, partitions: 5 }),
      [
        [1, 2],
        [1, 2],
        [101, 2],
        [101, 102],
        [101, 102],
        [101, 102],
      ],
    ],
    [
      'timers, to which a timeout is added, which counts from now',
      mapped({ timer: 2, partitions: 2 }),
      mapped({ timer: 2, timeout: 3 }),
      [
        [101, 2],
        [101, 102],
        [101, 102],
        [101, 102],
        [undefined, undefined],
        [undefined, undefined],
      ],
    ],
    [
      'last uses, into fewer partitions',
      mapped({ timeout: 4, partitions: 7 }),
      mapped({ timeout: 4, partitions: 2 }),
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [undefined, 2],
        [undefined, undefined],
        [undefined, undefined],
      ],
    ],
    [
      'timers, which are dropped without timers()',
      mapped({ timer: 2 }),
      mapped({}),
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ],
    [
      'last records of a ttl, into more partitions and with a longer ttl',
      totals(2, seconds(3)),
      totals(3, seconds(4)),
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [undefined, 2],
        [undefined, undefined],
        [undefined, undefined],
      ],
    ],
    [
      'keys to which a ttl is added, which counts from now',
      totals(1),
      totals(2, seconds(3)),
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [undefined, undefined],
        [undefined, undefined],
      ],
    ],
    [
      'keys whose ttl is removed, for ever',
      totals(2, seconds(2)),
      totals(2),
      [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ],
  ])('%s', async (_, before, next, seen) => {
    expect(await after(before, next)).toEqual(seen)
  })
})

describe('a timeout that is added', () => {
  test('counts from the first batch of the new plan, also if the pipeline rests', async () => {
    const restful = (shape: Shape): Pipeline => pipelineOf(shape, { whenIdle: 'rest' })
    const app = await testStream(restful(mapped()), { now: new Date(START_MS) })
    app.input('in').add('a', 'b')
    await app.advance(seconds(100))
    expect(await app.status()).toBe('rest')
    await app.restart({ pipeline: restful(mapped({ timeout: 10 })), downFor: seconds(500) })
    await app.advance(seconds(5))
    app.input('in').add('b')
    await app.advance(seconds(1))
    expect(await app.state('s')).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    await app.advance(seconds(6))
    expect(await app.state('s')).toEqual([['b', 2]])
    await app.advance(seconds(60))
    expect(await app.state('s')).toEqual([])
    expect(await app.status()).toBe('rest')
  })

  test('B3: every attempt at the first batch starts from the state as it was stored', async () => {
    let isDown = true
    const failing = pipelineOf((pairs) =>
      mapped({ timeout: 60, partitions: 3 })(pairs).transform((rdd) => {
        if (isDown) throw new Error('down')
        return rdd
      }),
    )
    const app = await testStream(pipelineOf(mapped()), {
      now: new Date(START_MS),
      failures: 'record',
    })
    app.input('in').add('a', 'b')
    await app.advance(seconds(1))
    await app.restart({ pipeline: failing })
    app.input('in').add('a')
    await app.advance(seconds(2))
    await app.restart()
    isDown = false
    await app.advance(seconds(10))
    expect(app.failures.length).toBeGreaterThan(0)
    expect(await app.state('s')).toEqual(
      expect.arrayContaining([
        ['a', 2],
        ['b', 1],
      ]),
    )
    await app.restart()
    expect(await app.state('s')).toHaveLength(2)
  })
})

/** Changes under which stored bytes would be read as something else, or as half of it. */
const refused: readonly (readonly [...Change, message: RegExp])[] = [
  [...change('state that is gone', totals(), (pairs) => pairs), /"s".*not in the pipeline/],
  [
    ...change('state with another name', totals(), (pairs) => totals()(pairs).named('t')),
    /"s".*not in the pipeline/,
  ],
  [
    ...change('another operator', totals(), mapped()),
    /by updateStateByKey and is now mapWithState/,
  ],
  [
    ...change('an inverse that is removed', inverse(6, 1), reduced(6, 1)),
    /"s".*not in the pipeline/,
  ],
  [...change('a longer window', windowed(4, 1), windowed(6, 1)), /4000 ms .* 6000 ms/],
  [...change('a shorter window', windowed(6, 1), windowed(4, 1)), /6000 ms .* 4000 ms/],
  [...change('another slide', windowed(6, 1), windowed(6, 2)), /every 1000 ms.* every 2000 ms/],
  [...change('a longer reduced window', reduced(4, 1), reduced(6, 1)), /4000 ms .* 6000 ms/],
  [...change('another slide of an inverse', inverse(6, 1), inverse(6, 2)), /every 2000 ms/],
  [...change('a longer window of groups', grouped(4, 1), grouped(6, 1)), /4000 ms .* 6000 ms/],
  [...change('a longer count', counted(4, 1), counted(6, 1)), /4000 ms .* 6000 ms/],
  [...change('a longer count of values', valued(4, 1), valued(6, 1)), /4000 ms .* 6000 ms/],
  [...change('a longer reduction', smallest(4, 1), smallest(6, 1)), /4000 ms .* 6000 ms/],
  [...change('a slice that begins earlier', sliced(3, 9), sliced(2, 9)), /from \d+ to/],
  [...change('a slice that is over, and ends later', sliced(1, 3), sliced(1, 9)), /from \d+ to/],
  ...[windowed, reduced, inverse, grouped, counted, valued, smallest].map(
    (shape) =>
      [
        `${shape.name}, at another interval`,
        pipelineOf(shape(6, 3)),
        every3(shape(6, 3)),
        /batches of 1000 ms .* batches of 3000 ms/,
      ] as const,
  ),
]

describe('refused, with what has changed', () => {
  test.each(refused)('%s', async (_, before, after, message) => {
    const error = { code: 'PLAN_INCOMPATIBLE', message: expect.stringMatching(message) as string }
    await expect(runBoth(before, after)).rejects.toMatchObject(error)
  })
})

const changes: readonly Change[] = [
  ...carriedOver,
  ...refused.map(([what, before, after]): Change => [what, before, after]),
]

describe.each(changes)('%s', (_, before, after) => {
  test('is another plan: no process of the same generation reads the state', async () => {
    expect(after.build().hash).not.toBe(before.build().hash)
    const world = new World()
    const app = world.deploy(before)
    await app.append('kinesisTextStream-1', 1, ['a'])
    await app.tick()
    const head = await world.head()
    await expect(world.deploy(after).run()).rejects.toMatchObject({
      code: 'PLAN_INCOMPATIBLE',
      message: expect.stringContaining('same generation') as string,
    })
    expect(await world.head()).toEqual(head)
  })
})

test('B10: state of another plan is refused when it is read, not by the hash alone', async () => {
  const [before, after] = [pipelineOf(windowed(6, 1)), pipelineOf(windowed(4, 1))]
  const { hash } = before.build()
  const world = new World()
  const app = world.deploy(before)
  await app.append('kinesisTextStream-1', 1, ['a'])
  await app.tick()
  const forged: Pipeline = { ...after, build: () => ({ ...after.build(), hash }) }
  await expect(world.deploy(forged).run()).rejects.toMatchObject({ code: 'PLAN_INCOMPATIBLE' })
})
