import fc from 'fast-check'
import { type DStream, parallelize, seconds, type State, StateSpec } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Given, givenBy, on } from '../batches.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

type Pairs = DStream<[string, number]>

/** The running total of a key, or how a key ended. */
const total = (key: string, value: number | undefined, state: State<number>): string => {
  if (state.isTimingOut()) return `${key} ended at ${state.get()}`
  state.update((state.getOption() ?? 0) + (value ?? 0))
  return `${key} ${state.get()}`
}

const spec = StateSpec.function(total)
const flat = (given: readonly Given[]): unknown =>
  Object.fromEntries(given.filter(([, elements]) => elements.length > 0))
const a: readonly [string, number] = ['a', 1]
const b: readonly [string, number] = ['b', 1]

interface Row {
  readonly name: string
  readonly operation: (pairs: Pairs) => DStream<unknown>
  readonly batches: readonly (readonly (readonly [string, number])[])[]
  /** The results by second. Seconds without results are left out. */
  readonly gives: Readonly<Record<number, readonly unknown[]>>
}

const rows: readonly Row[] = [
  {
    name: 'runs once for each record, in the order of records, and not for other keys',
    operation: (pairs) => pairs.mapWithState(spec),
    batches: [[a, b, a], [], [b]],
    gives: { 1: ['a 1', 'b 1', 'a 2'], 3: ['b 2'] },
  },
  {
    name: 'has snapshots of all keys in every batch',
    operation: (pairs) => pairs.mapWithState(spec).stateSnapshots(),
    batches: [[b, a], [], [a]],
    gives: { 1: [a, b], 2: [a, b], 3: [['a', 2], b] },
  },
  {
    name: 'starts with its initial state, with the last pair of each key',
    operation: (pairs) =>
      pairs
        .mapWithState(
          spec.initialState([
            ['a', 7],
            ['z', 5],
            ['a', 10],
          ]),
        )
        .stateSnapshots(),
    batches: [[], [a]],
    gives: {
      1: [
        ['a', 10],
        ['z', 5],
      ],
      2: [
        ['a', 11],
        ['z', 5],
      ],
    },
  },
  {
    name: 'starts with an RDD',
    operation: (pairs) => pairs.mapWithState(spec.initialState(parallelize([['a', 7]]))),
    batches: [[a]],
    gives: { 1: ['a 8'] },
  },
  {
    name: 'ends idle keys after the timeout, unless the batch has a record of the key',
    operation: (pairs) => pairs.mapWithState(spec.timeout(seconds(2))),
    batches: [[a, b], [], [], [b], [], [], []],
    gives: { 1: ['a 1', 'b 1'], 4: ['b 2', 'a ended at 1'], 7: ['b ended at 2'] },
  },
  {
    name: 'checks for idle keys as often as checkpoint() says',
    operation: (pairs) => pairs.mapWithState(spec.timeout(seconds(1))).checkpoint(seconds(5)),
    batches: [[a], [], [], [], [], [], []],
    gives: { 1: ['a 1'], 5: ['a ended at 1'] },
  },
  {
    name: 'takes its settings together with its function, and its types from the stream',
    operation: (pairs) =>
      pairs.mapWithState(
        StateSpec.function((key, value, state: State<number>) => total(key, value, state), {
          initialState: [['a', 7]],
          timeout: seconds(2),
          partitions: 2,
        }),
      ),
    batches: [[a], [], [], []],
    gives: { 1: ['a 8'], 4: ['a ended at 8'] },
  },
  {
    name: 'counts a read of the state as use of the key',
    operation: (pairs) =>
      pairs.mapWithState(
        StateSpec.function((key: string, value: number | undefined, state: State<number>) => {
          if (!state.exists()) state.update(value ?? 0)
          return state.isTimingOut() ? key : undefined
        }).timeout(seconds(2)),
      ),
    batches: [[a], [a], [a], [], [], []],
    gives: { 6: ['a'] },
  },
  {
    name: 'starts again after a removal, even in the same batch',
    operation: (pairs) =>
      pairs.mapWithState(
        StateSpec.function((_: string, value: number | undefined, state: State<number>) => {
          if (!state.exists()) return state.update(value ?? 0)
          state.remove()
          return state.exists()
        }),
      ),
    batches: [
      [a, a, a],
      [a, a],
    ],
    gives: { 1: [false], 2: [false] },
  },
  {
    name: 'keeps a state that is changed in place',
    operation: (pairs) =>
      pairs.mapWithState(
        StateSpec.function((_: string, value: number | undefined, state: State<number[]>) => {
          if (!state.exists()) state.update([])
          state.get().push(value ?? 0)
          return state.get().length
        }),
      ),
    batches: [[a, a], [a]],
    gives: { 1: [1, 2], 2: [3] },
  },
  {
    name: 'knows a structured key that its function changes in place, and ends it once',
    operation: (pairs) =>
      pairs
        .map(([word, n]): [string[], number] => [[word], n])
        .mapWithState(
          StateSpec.function((key: string[], _: number | undefined, state: State<number>) => {
            key.push('x')
            if (state.isTimingOut()) return `${key.join('')} ended at ${state.get()}`
            state.update((state.getOption() ?? 0) + 1)
            return `${key.join('')} ${state.get()}`
          })
            .timeout(seconds(1))
            .numPartitions(2),
        ),
    batches: [[a], [a], [], [], [], []],
    gives: { 1: ['ax 1'], 2: ['ax 2'], 4: ['ax ended at 2'] },
  },
  {
    name: 'keeps its keys in partitions, and returns their results in order',
    operation: (pairs) =>
      pairs
        .mapWithState(spec.numPartitions(2))
        .glom()
        .map((part) => part.length),
    batches: [[a, b, ['c', 1], ['d', 1]]],
    gives: { 1: [2, 2] },
  },
]

describe('mapWithState, warm, and cold after every batch', () => {
  test.each(rows)('$name', async ({ operation, batches, gives }) => {
    expect(flat(await givenBy(on(operation), batches))).toEqual(gives)
    expect(flat(await givenBy(on(operation), batches, { restartAfter: () => true }))).toEqual(gives)
  })
})

test.each([
  [1_000, 3_000],
  [1_500, 3_000],
  [2_000, 4_000],
  [2_999, 4_000],
])('an application at rest wakes when a key ends: timeout %i ms, at %i ms', async (ms, wakeMs) => {
  const world = new World()
  const app = world.deploy(
    pipelineOf((ssc) =>
      (ssc.socketTextStream('left', 1) as unknown as Pairs)
        .mapWithState(spec.timeout({ milliseconds: ms } as never))
        .print(),
    ),
  )
  await app.run()
  await app.append('socketTextStream-1', 1, [a])
  world.advance(1_000)
  await app.run()
  world.advance(1_000)
  await app.run()
  const { status, wakeMs: atMs } = await world.head()
  expect([status, atMs - START_MS]).toEqual(['rest', wakeMs])
})

test.each([
  { settings: { partitions: 0 }, problem: 'partition' },
  { settings: { partitions: 1025 }, problem: 'partition' },
  { settings: { timeout: 1_000 as never }, problem: 'timeout\\(\\)' },
  { settings: { initialState: 1 as never }, problem: 'initialState\\(\\)' },
])('a function with $settings is refused', ({ settings, problem }) => {
  expect(() => StateSpec.function(total, settings)).toThrow(
    new RegExp(`${problem}.*\\[ARGUMENT_INVALID\\]`),
  )
})

test('a key ends in the first batch after its timeout, even if processes die', async () => {
  const touches = fc.array(fc.subarray(['a', 'b', 'c']), { minLength: 5, maxLength: 15 })
  const restarts = fc.array(fc.boolean(), { minLength: 15, maxLength: 15 })
  await fc.assert(
    fc.asyncProperty(
      touches,
      fc.integer({ min: 1, max: 3 }),
      restarts,
      async (batches, timeout, accidents) => {
        const ends = StateSpec.function(
          (key: string, _: number | undefined, state: State<number>) => {
            if (!state.isTimingOut()) state.update(1)
            return state.isTimingOut() ? key : undefined
          },
        ).timeout(seconds(timeout))
        const given = await givenBy(
          on((pairs: Pairs) => pairs.mapWithState(ends)),
          batches.map((keys) => keys.map((key) => [key, 1])),
          { restartAfter: (batch) => accidents[batch] as boolean },
        )
        const expected = batches.map((_, index) => {
          const idle = ['a', 'b', 'c'].filter((key) => {
            const last = batches.slice(0, index + 1).findLastIndex((keys) => keys.includes(key))
            return last >= 0 && index - last === timeout + 1
          })
          return [index + 1, idle]
        })
        expect(given).toEqual(expected)
      },
    ),
    { numRuns: 25 },
  )
})

describe('a state refuses', () => {
  test.each<[string, (state: State<number>) => void, RegExp]>([
    [
      'a read of a missing state',
      (state) => void state.get(),
      /state.get\(\) was called for a key that has no state/,
    ],
    [
      'an update after a removal',
      (state) => [state.remove(), state.update(1)],
      /update\(\) was called after remove\(\)/,
    ],
    [
      'a second removal',
      (state) => [state.remove(), state.remove()],
      /remove\(\) was called after remove\(\)/,
    ],
    [
      'an update to undefined',
      (state) => state.update(undefined as unknown as number),
      /needs a state/,
    ],
  ])('%s', async (_, use, message) => {
    const operation = on((pairs: Pairs) =>
      pairs.mapWithState(
        StateSpec.function((__: string, ___: number | undefined, state: State<number>) =>
          use(state),
        ),
      ),
    )
    await expect(givenBy(operation, [[a]])).rejects.toThrow(message)
  })

  test.each<[string, (state: State<number>) => void]>([
    ['update', (state) => state.update(2)],
    ['remove', (state) => state.remove()],
  ])('%s of a key that is timing out', async (call, use) => {
    const ending = StateSpec.function(
      (_: string, value: number | undefined, state: State<number>) =>
        value === undefined ? use(state) : state.update(value),
    ).timeout(seconds(1))
    await expect(
      givenBy(
        on((pairs: Pairs) => pairs.mapWithState(ending)),
        [[a], [], []],
      ),
    ).rejects.toThrow(`state.${call}() was called for a key that is timing out`)
  })
})

describe('an idle pipeline with timeouts', () => {
  test('rests until the next key ends, and without end when no key is left', async () => {
    const world = new World()
    const outputs: unknown[] = []
    const pipeline = pipelineOf((ssc) =>
      ssc
        .socketTextStream('lines', 1)
        .mapToPair((line) => [line, 1])
        .mapWithState(
          StateSpec.function((key: string, _: number | undefined, state: State<number>) =>
            state.isTimingOut() ? key : state.update(1),
          ).timeout(seconds(10)),
        )
        .foreachRDD(
          async (rdd, time) =>
            void outputs.push([(time.milliseconds - START_MS) / 1_000, await rdd.collect()]),
        ),
    )
    let deployment = world.deploy(pipeline)
    await deployment.run()
    await deployment.append('socketTextStream-1', 1, ['a'])
    expect(await deployment.tick(2)).toEqual({
      kind: 'idle',
      dueMs: START_MS + 12_000,
      isResting: true,
    })
    deployment = world.deploy(pipeline)
    expect(await deployment.run()).toEqual({
      kind: 'idle',
      dueMs: START_MS + 12_000,
      isResting: true,
    })
    world.advance(60_000)
    expect(await deployment.run()).toEqual({ kind: 'idle', dueMs: undefined })
    expect(outputs.slice(0, 3)).toEqual([
      [1, []],
      [2, []],
      [12, ['a']],
    ])
    expect((await world.head()).status).toBe('rest')
  })

  test('does not run ahead of the clock for timeouts', async () => {
    const world = new World()
    const deployment = world.deploy(
      pipelineOf((ssc) =>
        ssc
          .socketTextStream('lines', 1)
          .mapToPair((line) => [line, 1])
          .mapWithState(spec.timeout(seconds(10)))
          .print(),
      ),
    )
    await deployment.run()
    await deployment.append('socketTextStream-1', 1, ['a'])
    await deployment.tick(2)
    expect(await deployment.driver.run({ aheadOfClock: true })).toEqual({
      kind: 'idle',
      dueMs: START_MS + 12_000,
      isResting: true,
      waiting: { keys: 1, outputs: 0, firstMs: START_MS + 11_001 },
    })
  })
})
