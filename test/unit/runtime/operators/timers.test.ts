/** Timers of keys in `mapWithState`. */
import fc from 'fast-check'
import { type DStream, seconds, type State, StateSpec, type Time, timeOf } from 'millrace'
import { testStream } from 'millrace/testing'
import { describe, expect, test, vi } from 'vitest'
import { StateDraft, StatePartition } from '../../../../lib/state/state-partition.ts'
import { type Given, givenBy, on } from '../batches.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

/** What a record asks for: a timer so many seconds after the batch, or something else. */
type Ask = number | 'clear' | 'remove' | 'count'
type Pair = readonly [key: string, ask: Ask]
type Pairs = DStream<Pair>

const secondsOf = (time: Time): number => (time.milliseconds - START_MS) / 1_000

/** A moment so many seconds after another one, or before it. */
const later = (time: Time, count: number): Time => timeOf(time.milliseconds + 1_000 * count)

/** Counts the records of a key, does what they ask for, and says what happens to the key. */
const asked = (
  key: string,
  ask: Ask | undefined,
  state: State<number>,
  time: Time,
): string | undefined => {
  if (state.isTimingOut()) return `${key} ended at ${state.get()}`
  if (state.isTimerFiring()) return `${key} fired at ${state.get()}`
  if (ask === 'remove') {
    state.remove()
    return undefined
  }
  state.update((state.getOption() ?? 0) + 1)
  if (ask === 'clear') state.clearTimer()
  if (typeof ask === 'number') state.setTimer(later(time, ask))
  return undefined
}

const spec = StateSpec.function(asked).timers()
const mapped =
  (one: typeof spec) =>
  (pairs: Pairs): DStream<unknown> =>
    pairs.mapWithState(one)

const flat = (given: readonly Given[]): unknown =>
  Object.fromEntries(given.filter(([, elements]) => elements.length > 0))

interface Row {
  readonly name: string
  readonly operation?: (pairs: Pairs) => DStream<unknown>
  readonly batches: readonly (readonly Pair[])[]
  /** The results by second. Seconds without results are left out. */
  readonly gives: Readonly<Record<number, readonly unknown[]>>
}

const rows: readonly Row[] = [
  {
    name: 'fires in the first batch at its time, once, and the state stays',
    batches: [[['a', 2]], [], [], [], [['a', 1]], []],
    gives: { 3: ['a fired at 1'], 6: ['a fired at 2'] },
  },
  {
    name: 'fires after the records of its batch, which may put it off',
    batches: [
      [
        ['a', 2],
        ['b', 2],
      ],
      [],
      [
        ['a', 1],
        ['b', 'count'],
      ],
      [],
    ],
    gives: { 3: ['b fired at 2'], 4: ['a fired at 2'] },
  },
  {
    name: 'stays when a record leaves it alone, and goes when a record clears it',
    batches: [
      [
        ['a', 2],
        ['b', 2],
      ],
      [
        ['a', 'count'],
        ['b', 'clear'],
      ],
      [],
      [],
    ],
    gives: { 3: ['a fired at 2'] },
  },
  {
    name: 'goes with its key, and does not come back with it',
    batches: [[['a', 2]], [['a', 'remove']], [['a', 'count']], []],
    gives: {},
  },
  {
    name: 'goes with its key also within a batch',
    batches: [
      [
        ['a', 1],
        ['a', 'remove'],
        ['a', 'count'],
      ],
      [],
    ],
    gives: {},
  },
  {
    name: 'of a time that has passed fires in the same batch, after the records',
    batches: [
      [
        ['a', 0],
        ['a', 'count'],
      ],
      [],
    ],
    gives: { 1: ['a fired at 2'] },
  },
  {
    name: 'fire in the order of their times, then of keys',
    operation: (pairs) => mapped(spec)(pairs).checkpoint(seconds(6)),
    batches: [
      [
        ['a', 3],
        ['b', 2],
        ['c', 3],
        ['d', 4],
      ],
      [['d', 0]],
      [],
      [],
      [],
      [],
    ],
    gives: { 6: ['d fired at 2', 'b fired at 1', 'a fired at 1', 'c fired at 1'] },
  },
  {
    name: 'is no use of its key, and fires before the time-out of the same batch',
    operation: mapped(spec.timeout(seconds(2))),
    batches: [
      [
        ['a', 2],
        ['b', 3],
      ],
      [],
      [],
      [],
      [],
    ],
    // b has ended before its timer was due.
    gives: { 3: ['a fired at 1'], 4: ['a ended at 1', 'b ended at 1'] },
  },
  {
    name: 'fires before a time-out in the same batch only if it was due before',
    operation: (pairs) => mapped(spec.timeout(seconds(2)))(pairs).checkpoint(seconds(5)),
    batches: [
      [
        ['a', 2],
        ['b', 3],
      ],
      [],
      [],
      [],
      [],
    ],
    gives: { 5: ['a fired at 1', 'a ended at 1', 'b ended at 1'] },
  },
  {
    name: 'is set again by its own call, for the next batch at the earliest',
    operation: (pairs) =>
      pairs.mapWithState(
        StateSpec.function(
          (key: string, _: Ask | undefined, state: State<number>, time: Time) => {
            const left = state.getOption() ?? 3
            if (left === 0) state.remove()
            else {
              state.update(left - 1)
              state.setTimer(timeOf(0))
            }
            return `${key} ${left} ${String(state.getTimer() !== undefined)} ${secondsOf(time)}`
          },
          { timers: true },
        ),
      ),
    batches: [[['a', 0]], [], [], []],
    gives: {
      1: ['a 3 true 1', 'a 2 true 1'],
      2: ['a 1 true 2'],
      3: ['a 0 false 3'],
    },
  },
  {
    name: 'is known to the function while it is set',
    operation: (pairs) =>
      pairs.mapWithState(
        StateSpec.function((_: string, ask: Ask | undefined, state: State<number>, time: Time) => {
          const at = state.getTimer()
          if (typeof ask === 'number') state.setTimer(later(time, ask))
          state.update(1)
          return at === undefined ? 'none' : secondsOf(at)
        }).timers(),
      ),
    batches: [
      [
        ['a', 9],
        ['a', 1],
        ['a', 'count'],
      ],
      [],
      [['a', 'count']],
    ],
    gives: { 1: ['none', 10, 2], 2: ['none'], 3: ['none'] },
  },
]

describe('a timer, warm, and cold after every batch', () => {
  test.each(rows)('$name', async ({ operation = mapped(spec), batches, gives }) => {
    expect(flat(await givenBy(on(operation), batches))).toEqual(gives)
    expect(flat(await givenBy(on(operation), batches, { restartAfter: () => true }))).toEqual(gives)
  })
})

const byText = (x: string, y: string): number => (x < y ? -1 : 1)

/** A loop over all batches, with a map for the states and a list of all timers. */
const expectedOf = (batches: readonly (readonly Pair[])[], timeout: number): readonly Given[] => {
  const states = new Map<string, { count: number; usedAt: number; timer?: number }>()
  return batches.map((batch, index): Given => {
    const now = index + 1
    const given: string[] = []
    for (const [key, ask] of batch) {
      const before = states.get(key)
      if (ask === 'remove') states.delete(key)
      else {
        const timer =
          ask === 'clear' ? undefined : typeof ask === 'number' ? now + ask : before?.timer
        const count = (before?.count ?? 0) + 1
        states.set(key, { count, usedAt: now, ...(timer === undefined ? {} : { timer }) })
      }
    }
    const due = [...states]
      .filter(([, { timer = Infinity, usedAt }]) => timer <= now && timer <= usedAt + timeout)
      .toSorted(([a, one], [b, other]) => (one.timer ?? 0) - (other.timer ?? 0) || (a < b ? -1 : 1))
    for (const [key, state] of due) {
      given.push(`${key} fired at ${state.count}`)
      delete state.timer
    }
    const over = [...states].filter(([, { usedAt }]) => now - usedAt > timeout)
    for (const [key, { count }] of over.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      given.push(`${key} ended at ${count}`)
      states.delete(key)
    }
    return [now, given]
  })
}

test('fires exactly once for any records, restarts and failed attempts (B3)', async () => {
  const ask = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -1, max: 6 }) },
    fc.constantFrom<Ask>('clear', 'remove', 'count'),
  )
  const batch = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), ask), { maxLength: 4 })
  const flags = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 4, maxLength: 16 }),
      fc.constantFrom(2, 4, Infinity),
      flags,
      flags,
      fc.constantFrom(1, 3),
      async (batches, timeout, restarts, failures, partitions) => {
        const one = spec.numPartitions(partitions)
        const given = await givenBy(
          on(mapped(timeout === Infinity ? one : one.timeout(seconds(timeout)))),
          batches,
          {
            restartAfter: (index) => restarts[index] as boolean,
            failFirst: (index) => failures[index] as boolean,
          },
        )
        const expected = expectedOf(batches, timeout)
        // Partitions are one after the other.
        const sorted = (all: readonly Given[]): unknown =>
          all.map(([second, some]) => [
            second,
            partitions === 1 ? some : some.map(String).toSorted(byText),
          ])
        expect(sorted(given)).toEqual(sorted(expected))
      },
    ),
    { numRuns: 40 },
  )
})

describe('a pipeline at rest with timers', () => {
  test('wakes for the next one, fires it once, and then rests without end', async () => {
    const world = new World()
    const outputs: unknown[] = []
    const pipeline = pipelineOf((ssc) =>
      (ssc.socketTextStream('left', 1) as unknown as Pairs)
        .mapWithState(spec)
        .foreachRDD(async (rdd, time) => void outputs.push([secondsOf(time), await rdd.collect()])),
    )
    let deployment = world.deploy(pipeline)
    await deployment.run()
    await deployment.append('socketTextStream-1', 1, [
      ['a', 10],
      ['b', 3_600],
    ])
    const idle = { kind: 'idle', dueMs: START_MS + 11_000, isResting: true }
    expect(await deployment.tick(2)).toEqual(idle)
    deployment = world.deploy(pipeline)
    expect(await deployment.run()).toEqual(idle)
    world.advance(60_000)
    expect(await deployment.run()).toMatchObject({ dueMs: START_MS + 3_601_000 })
    world.advance(4_000_000)
    expect(await deployment.run()).toEqual({ kind: 'idle', dueMs: undefined })
    expect(outputs.filter((_, index) => index > 1)).toEqual([
      [11, ['a fired at 1']],
      [12, []],
      [3_601, ['b fired at 1']],
      [3_602, []],
    ])
  })

  test('says how many keys wait, not how many there are', async () => {
    const world = new World()
    const deployment = world.deploy(
      pipelineOf((ssc) =>
        (ssc.socketTextStream('left', 1) as unknown as Pairs).mapWithState(spec).print(),
      ),
    )
    await deployment.run()
    await deployment.append('socketTextStream-1', 1, [
      ['a', 10],
      ['b', 'count'],
      ['c', 'count'],
    ])
    await deployment.tick(2)
    expect(await deployment.driver.run({ aheadOfClock: true })).toMatchObject({
      waiting: { keys: 1, firstMs: START_MS + 11_000 },
    })
  })
})

test('a batch touches the keys whose timers are due, and no others', async () => {
  const many = 100_000
  const app = await testStream(
    pipelineOf(
      (ssc) =>
        ssc
          .kinesisTextStream('keys')
          .map((i): Pair => [i, Number(i) % 10_000 === 0 ? 6 : 50_000 + Number(i)])
          .mapWithState(spec)
          .foreachRDD(() => undefined),
      { whenIdle: 'tick' },
    ),
  )
  for (let i = 0; i < many; i++) app.input('keys').add(String(i))
  await app.advance(seconds(2))
  expect(await app.state('mapWithState-1')).toHaveLength(many)
  const walks = [
    vi.spyOn(StateDraft.prototype, 'unsorted'),
    // A sorted list costs all keys in each later batch.
    vi.spyOn(StatePartition.prototype, 'sorted'),
    vi.spyOn(StatePartition.prototype, 'sortedOnce'),
  ]
  const touches = [vi.spyOn(StateDraft.prototype, 'get'), vi.spyOn(StateDraft.prototype, 'put')]
  const counts = (spies: typeof walks | typeof touches): readonly number[] =>
    spies.map(({ mock }) => mock.calls.length)
  try {
    await app.restart()
    await app.advance(seconds(1))
    expect(counts(walks)).toEqual([1, 0, 0])
    await app.advance(seconds(6))
    expect([...counts(touches), ...counts(walks)]).toEqual([10, 10, 1, 0, 0])
  } finally {
    vi.restoreAllMocks()
  }
})

describe('refuses', () => {
  test.each<[string, typeof spec, (state: State<number>) => void, RegExp]>([
    [
      'a timer without timers()',
      StateSpec.function(asked),
      (state) => state.setTimer(timeOf(1)),
      /setTimer\(\) was called, but the keys have no timers/,
    ],
    [
      'a timer of a key without a state',
      spec,
      (state) => state.setTimer(timeOf(1)),
      /setTimer\(\) was called for a key that has no state/,
    ],
    [
      'a timer after a removal',
      spec,
      (state) => [state.remove(), state.setTimer(timeOf(1))],
      /setTimer\(\) was called after remove\(\)/,
    ],
    [
      'clearing after a removal',
      spec,
      (state) => [state.remove(), state.clearTimer()],
      /clearTimer\(\) was called after remove\(\)/,
    ],
    ...[5, undefined, new Date(5), seconds(5)].map(
      (at): [string, typeof spec, (state: State<number>) => void, RegExp] => [
        `${String(at)} as a time`,
        spec,
        (state) => state.setTimer(at as never),
        /setTimer\(\) needs a moment/,
      ],
    ),
    [
      'a time after all dates',
      spec,
      (state) => [state.update(1), state.setTimer(timeOf(8.64e15 + 1))],
      /setTimer\(\) needs a moment/,
    ],
  ])('%s', async (_, { parts }, use, message) => {
    const using = StateSpec.function((__: string, ___: Ask | undefined, state: State<number>) =>
      use(state),
    )
    const operation = mapped((parts.hasTimers ? using.timers() : using) as never)
    await expect(givenBy(on(operation), [[['a', 1]]])).rejects.toThrow(message)
  })

  test('a timer of a key that is timing out', async () => {
    const using = StateSpec.function(
      (_: string, __: Ask | undefined, state: State<number>, time: Time) =>
        state.isTimingOut() ? state.setTimer(time) : state.update(1),
    )
    await expect(
      givenBy(on(mapped(using.timers().timeout(seconds(1)) as never)), [[['a', 1]], [], [], []]),
    ).rejects.toThrow(/setTimer\(\) was called for a key that is timing out/)
  })

  test('a setting that is neither true nor false', () => {
    expect(() => StateSpec.function(asked, { timers: 'yes' as never })).toThrow(
      /timers is not allowed.*\[ARGUMENT_INVALID\]/,
    )
  })
})

test('where a record is put aside, the timer of its key is as it was before', async () => {
  const app = await testStream(
    pipelineOf(
      (ssc) =>
        ssc
          .kinesisTextStream('asks')
          .map((ask): Pair => ['a', ask === 'clear' ? ask : Number(ask)])
          .mapWithState(
            StateSpec.function((key: string, ask: Ask | undefined, state: State<number>, time) => {
              const said = asked(key, ask, state, time)
              if (ask === 'clear') throw new Error('bad')
              return said
            }).timers(),
          )
          .foreachRDD(() => undefined),
      { onBadKey: 'dead-letter' },
    ),
    { now: new Date(START_MS) },
  )
  app.input('asks').add('3')
  await app.advance(seconds(1))
  app.input('asks').add('1', 'clear')
  await app.advance(seconds(3))
  expect(app.output('foreachRDD-1').elements.flat()).toEqual(['a fired at 1'])
  expect(await app.deadLetters()).toHaveLength(1)
})
