/**
 * What a driver knows after another process has written the head in the middle of its work: nothing
 * (B3). Its next step starts from what is stored.
 */
import { type DStream, seconds, type State, StateSpec, stream } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Given, givenBy, on, type Operation } from '../batches.ts'
import { APP, pipelineOf, START_MS, World } from '../harness.ts'

type Pairs = DStream<[string, number]>

const ends = StateSpec.function((key: string, value: number | undefined, state: State<number>) => {
  if (!state.isTimingOut()) state.update((state.getOption() ?? 0) + (value ?? 0))
  return `${key} ${state.isTimingOut() ? 'ended' : state.get()}`
}).timeout(seconds(2))

/**
 * The results of the last batch. While its output runs, another process takes the batch over and
 * fails. So the commit is refused, and the same process tries the batch again.
 */
const takenOver = async (
  operation: Operation,
  batches: readonly (readonly unknown[])[],
): Promise<Given | undefined> => {
  const world = new World()
  const given: Given[] = []
  let during = async (): Promise<unknown> => undefined
  const deploy = (act: () => Promise<unknown>) =>
    world.deploy(
      stream(APP, { batchInterval: seconds(1), whenIdle: 'tick' }, (ssc) => {
        operation(
          ssc.socketTextStream('left', 1) as DStream<never>,
          ssc.socketTextStream('right', 1) as DStream<never>,
        ).foreachRDD(async (rdd, time) => {
          const elements = await rdd.collect()
          await act()
          given.push([(time.milliseconds - START_MS) / 1_000, elements])
        })
      }),
    )
  const app = deploy(() => during())
  const other = deploy(() => Promise.reject(new Error('an accident')))
  await app.run()
  let position = 1
  for (const [index, batch] of batches.entries()) {
    if (batch.length > 0) await app.append('socketTextStream-1', position, batch)
    position += batch.length
    world.advance(1_000)
    if (index === batches.length - 1)
      during = async () => {
        during = async () => undefined
        expect(await other.run()).toMatchObject({ kind: 'retry' })
      }
    await app.run()
  }
  world.advance(500)
  expect(await app.run()).toMatchObject({ kind: 'retry' })
  given.length = 0
  world.advance(60_000)
  await app.run()
  expect(app.eventsOf('batchCompleted')).toContainEqual(
    expect.objectContaining({ timeMs: START_MS + batches.length * 1_000, attempt: 3 }),
  )
  return given[0]
}

describe('B3: an attempt whose commit is refused leaves no trace in memory', () => {
  const [a, b]: readonly [string, number][] = [
    ['a', 1],
    ['b', 2],
  ]
  const add = (x: number, y: number): number => x + y
  const subtract = (x: number, y: number): number => x - y
  test.each<[string, Operation, readonly (readonly unknown[])[], readonly unknown[]]>([
    [
      'a key that ends in it',
      on((pairs: Pairs) => pairs.mapWithState(ends)),
      [[a], [b], [], []],
      ['a ended'],
    ],
    ['a key that it uses', on((pairs: Pairs) => pairs.mapWithState(ends)), [[a], [], [a]], ['a 2']],
    [
      'the total of a key',
      on((pairs: Pairs) =>
        pairs.updateStateByKey<number>((values, total = 0) => values.reduce(add, total)),
      ),
      [[a, b], [a]],
      [['a', 2], b],
    ],
    [
      'a window',
      on((pairs: Pairs) => pairs.reduceByKeyAndWindow(add, seconds(2), seconds(1))),
      [[a], [a, b], [a]],
      [['a', 2], b],
    ],
    [
      'a window with an inverse',
      on((pairs: Pairs) => pairs.reduceByKeyAndWindow(add, subtract, seconds(2), seconds(1))),
      [[a], [a, b], [a]],
      [['a', 2], b],
    ],
  ])('%s', async (_, operation, batches, expected) => {
    const undisturbed = await givenBy(operation, batches)
    expect(undisturbed.at(-1)).toEqual([batches.length, expected])
    expect(await takenOver(operation, batches)).toEqual([batches.length, expected])
  })
})

test('a driver whose rest is refused sees at once what another process has written', async () => {
  const world = new World()
  const pipeline = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9999).print())
  const app = world.deploy(pipeline)
  await app.run()
  const write = world.store.compareAndSet.bind(world.store)
  let writes = 0
  // The writes of a batch are its log, its commit and the rest.
  world.store.compareAndSet = async (key, seen, next) => {
    writes += 1
    if (writes === 3) await world.deploy(pipeline, { generation: 2 }).run()
    return write(key, seen, next)
  }
  world.advance(1_000)
  expect(await app.run()).toEqual({ kind: 'superseded', generation: 2 })
})
