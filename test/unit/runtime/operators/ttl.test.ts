/** `updateStateByKey` with a time to live. */
import fc from 'fast-check'
import { type DStream, seconds, StateSpec, type UpdateStateByKeyOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Given, givenBy, on } from '../batches.ts'
import { pipelineOf, START_MS, World } from '../harness.ts'

type Pairs = DStream<[string, number]>
type Pair = readonly [string, number]
type Options = UpdateStateByKeyOptions<string, number>

const sum = (values: readonly number[], state = 0): number => values.reduce((x, y) => x + y, state)

const summed =
  (options: Options) =>
  (pairs: Pairs): DStream<unknown> =>
    pairs.updateStateByKey<number>(sum, options)

const a: Pair = ['a', 1]
const b: Pair = ['b', 1]

interface Row {
  readonly name: string
  readonly operation: (pairs: Pairs) => DStream<unknown>
  readonly batches: readonly (readonly Pair[])[]
  readonly gives: readonly Given[]
}

const rows: readonly Row[] = [
  {
    name: 'ends in the first batch that is later than its last record by more than the ttl',
    operation: summed({ ttl: seconds(2) }),
    batches: [[a, b], [], [b], [], [], []],
    gives: [
      [1, [a, b]],
      [2, [a, b]],
      [3, [a, ['b', 2]]],
      [4, [['b', 2]]],
      [5, [['b', 2]]],
      [6, []],
    ],
  },
  {
    name: 'is never seen when it is over: a record that comes then begins without a state',
    operation: summed({ ttl: seconds(2) }),
    batches: [[a], [], [a], [], [], [a]],
    gives: [
      [1, [a]],
      [2, [a]],
      [3, [['a', 2]]],
      [4, [['a', 2]]],
      [5, [['a', 2]]],
      [6, [a]],
    ],
  },
  {
    name: 'is not prolonged by what the function does without a record',
    operation: (pairs) =>
      pairs.updateStateByKey<number>((_, calls = 0) => calls + 1, {
        ttl: seconds(2),
      }),
    batches: [[a], [], [], [], [a]],
    gives: [
      [1, [a]],
      [2, [['a', 2]]],
      [3, [['a', 3]]],
      [4, []],
      [5, [a]],
    ],
  },
  {
    name: 'is prolonged by a record that changes nothing',
    operation: (pairs) => pairs.updateStateByKey<number>(() => 7, { ttl: seconds(1) }),
    batches: [[a], [a], [a], [], []],
    gives: [
      [1, [['a', 7]]],
      [2, [['a', 7]]],
      [3, [['a', 7]]],
      [4, [['a', 7]]],
      [5, []],
    ],
  },
  {
    name: 'of an initial state begins with the first batch',
    operation: summed({ ttl: seconds(1), initialState: [['z', 5]] }),
    batches: [[a], [], []],
    gives: [
      [1, [a, ['z', 5]]],
      [2, [a, ['z', 5]]],
      [3, []],
    ],
  },
  {
    name: 'is over also when the function has removed the key before',
    operation: (pairs) =>
      pairs.updateStateByKey<number>(
        (values, state = 0) => (values.includes(-1) ? undefined : sum(values, state)),
        { ttl: seconds(2) },
      ),
    batches: [[a], [['a', -1]], [], [], [a]],
    gives: [
      [1, [a]],
      [2, []],
      [3, []],
      [4, []],
      [5, [a]],
    ],
  },
  {
    name: 'ends on time, whatever checkpoint() says',
    operation: (pairs) => summed({ ttl: seconds(1) })(pairs).checkpoint(seconds(10)),
    batches: [[a], [], [], []],
    gives: [
      [1, [a]],
      [2, [a]],
      [3, []],
      [4, []],
    ],
  },
]

describe('a key with a ttl, warm, and cold after every batch', () => {
  test.each(rows)('$name', async ({ operation, batches, gives }) => {
    expect(await givenBy(on(operation), batches)).toEqual(gives)
    expect(await givenBy(on(operation), batches, { restartAfter: () => true })).toEqual(gives)
  })
})

test('the function is called for every key that lives, and for no key that has ended', async () => {
  const calls: string[] = []
  const operation = on((pairs: Pairs) =>
    pairs.updateStateByKey<number>(
      (values, state, key) => {
        calls.push(`${key} ${values.length} ${String(state)}`)
        return 1
      },
      { ttl: seconds(1) },
    ),
  )
  await givenBy(operation, [[a, b], [b], [], [a]])
  expect(calls.join(', ')).toBe('a 1 undefined, b 1 undefined, a 0 1, b 1 1, b 0 1, a 1 undefined')
})

test('it is a loop over all batches, whatever restarts and fails (B3)', async () => {
  const batch = fc.array(
    fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 9 })),
    { maxLength: 3 },
  )
  const flags = fc.array(fc.boolean(), { minLength: 16, maxLength: 16 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 4, maxLength: 16 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(1, 3),
      flags,
      flags,
      async (batches, ttl, partitions, restarts, failures) => {
        const given = await givenBy(on(summed({ ttl: seconds(ttl), partitions })), batches, {
          restartAfter: (index) => restarts[index] as boolean,
          failFirst: (index) => failures[index] as boolean,
        })
        const states = new Map<string, readonly [total: number, usedAt: number]>()
        const expected = batches.map((some, index) => {
          for (const [key, [, usedAt]] of states) if (index - usedAt > ttl) states.delete(key)
          for (const [key, value] of some)
            states.set(key, [(states.get(key)?.[0] ?? 0) + value, index])
          return [index + 1, Object.fromEntries([...states].map(([key, [total]]) => [key, total]))]
        })
        const asMaps = given.map(([second, some]) => [
          second,
          Object.fromEntries(some as [string, number][]),
        ])
        expect(asMaps).toEqual(expected)
      },
    ),
    { numRuns: 40 },
  )
})

test('a pipeline at rest wakes when a key ends, since its pair leaves the result', async () => {
  const world = new World()
  const outputs: unknown[] = []
  const deployment = world.deploy(
    pipelineOf((ssc) =>
      (ssc.socketTextStream('left', 1) as unknown as Pairs)
        .updateStateByKey<number>(sum, { ttl: seconds(10) })
        .foreachRDD(
          async (rdd, time) =>
            void outputs.push([(time.milliseconds - START_MS) / 1_000, await rdd.collect()]),
        ),
    ),
  )
  await deployment.run()
  await deployment.append('socketTextStream-1', 1, [a])
  expect(await deployment.tick(2)).toEqual({
    kind: 'idle',
    dueMs: START_MS + 12_000,
    isResting: true,
  })
  expect(await deployment.driver.run({ aheadOfClock: true })).toMatchObject({
    waiting: { keys: 1, firstMs: START_MS + 11_001 },
  })
  world.advance(60_000)
  expect(await deployment.run()).toEqual({ kind: 'idle', dueMs: undefined })
  expect(outputs).toEqual([
    [1, [a]],
    [2, [a]],
    [12, []],
    [13, []],
  ])
})

test('what has ended is counted in the batch', async () => {
  const world = new World()
  const deployment = world.deploy(
    pipelineOf(
      (ssc) => {
        const pairs = ssc.socketTextStream('left', 1) as unknown as Pairs
        pairs.updateStateByKey<number>(sum, { ttl: seconds(1), partitions: 2 }).print()
        pairs
          .mapWithState(
            StateSpec.function<string, number, number, void>(
              (_, __, state) => {
                if (!state.isTimingOut()) state.update(1)
              },
              { timeout: seconds(2) },
            ),
          )
          .print()
      },
      { whenIdle: 'tick' },
    ),
  )
  await deployment.run()
  await deployment.append('socketTextStream-1', 1, [a, b, ['c', 1]])
  await deployment.tick(5)
  expect(deployment.eventsOf('batchCompleted').map(({ expired }) => expired)).toEqual([
    0, 0, 3, 3, 0,
  ])
})

test.each([5, 0, '1 h', null])('%o as a ttl is refused', (ttl) => {
  expect(() =>
    pipelineOf((ssc) =>
      (ssc.socketTextStream('left', 1) as unknown as Pairs)
        .updateStateByKey<number>(sum, { ttl: ttl as never })
        .print(),
    ).build(),
  ).toThrow(/ttl must be a duration.*\[ARGUMENT_INVALID\]/)
})
