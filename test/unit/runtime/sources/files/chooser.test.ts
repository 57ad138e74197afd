/** Which files of a directory a batch takes, at the edges of the rule. */
import { seconds, type StreamOptions, type TextFileStreamOptions } from 'millrace'
import { describe, expect, test, vi } from 'vitest'
import { type Deployment, pipelineOf, START_MS, World } from '../../harness.ts'

const HOUR_MS = 3_600_000

/** Watches a directory, and keeps the lines of each batch that has any. */
const watch = (
  files: TextFileStreamOptions = {},
  {
    interval = 1,
    limits = {},
  }: { interval?: number; limits?: NonNullable<StreamOptions['limits']> } = {},
) => {
  const world = new World()
  const seen: (readonly string[])[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.textFileStream('in', files).foreachRDD(async (rdd) => {
        const lines = await rdd.collect()
        if (lines.length > 0) seen.push(lines)
      }),
    { batchInterval: seconds(interval), limits },
  )
  return { world, seen, app: world.deploy(pipeline), again: () => world.deploy(pipeline) }
}

const changes = (app: Deployment): readonly string[] =>
  app.eventsOf('objectSkipped').map(({ object }) => object)

test('files without room in a batch are taken by the next ones, by age, then by name', async () => {
  const { world, app, seen } = watch({}, { interval: 60, limits: { objects: 1 } })
  await app.run()
  world.write('b', 20_000)
  world.write('c', 10_000)
  world.write('a', 20_000)
  await app.tick(6)
  expect(seen).toEqual([['c'], ['a'], ['b']])
})

test.each([
  [-1, false],
  [0, false],
  [1, true],
])('a file that was modified %i ms after the first start is new: %s', async (modifiedMs, isNew) => {
  const { world, app, seen } = watch()
  await app.run()
  world.write('a', modifiedMs)
  await app.tick(2)
  expect(seen).toEqual(isNew ? [['a']] : [])
})

describe('a file that is written again', () => {
  test.each<[TextFileStreamOptions, readonly string[], readonly string[]]>([
    [{}, ['one'], ['a']],
    [{ onOverwrite: 'ignore' }, ['one'], ['a']],
    [{ onOverwrite: 'new' }, ['one', 'two'], []],
  ])('with %j', async (options, lines, told) => {
    const { world, app, seen } = watch(options)
    await app.run()
    world.write('a', 500, 'one\n')
    await app.tick()
    world.write('a', 1_500, 'two\n')
    // Told once, and not with each batch.
    await app.tick(4)
    expect(seen.flat()).toEqual(lines)
    expect(changes(app)).toEqual(told)
  })
})

describe('a file that was read long ago is not told as left out', () => {
  /** Reads a file, and then many others, for so many seconds. */
  const readAndGoOn = async (passMs: number, stepMs: number) => {
    const watched = watch({}, { interval: 60 })
    const { world, app } = watched
    const list = world.objects.list.bind(world.objects)
    const touched = new Map<string, number>()
    world.objects.list = async () =>
      (await list()).map((file) => ({
        ...file,
        changedMs: touched.get(file.key) ?? file.modifiedMs,
      }))
    await app.run()
    world.write('a', 500)
    world.write('b', 500)
    await app.tick(2)
    for (let nowMs = 120_000; nowMs < passMs; nowMs += stepMs) {
      world.advance(stepMs - 60_000)
      world.write(`at ${nowMs}`, world.nowMs - START_MS)
      await app.tick()
    }
    return { ...watched, touch: (key: string) => touched.set(key, world.nowMs) }
  }
  const told = (app: Deployment) =>
    app.eventsOf('leftOut').map(({ reason, first }) => [reason, first])

  test.each([
    ['an hour ago', HOUR_MS, 60_000],
    ['two days ago', 50 * HOUR_MS, HOUR_MS / 2],
  ])('%s: by a run to the end', async (_, passMs, stepMs) => {
    const { app } = await readAndGoOn(passMs, stepMs)
    expect(await app.driver.leftOut()).toEqual([])
  })

  test('when its status changes: other rights, another owner, a link', async () => {
    const { world, app, again, touch } = await readAndGoOn(HOUR_MS, 60_000)
    touch('a')
    await app.tick(3)
    expect(told(app)).toEqual([])
    const cold = again()
    touch('b')
    await cold.tick(3)
    expect(told(cold)).toEqual([])
    expect(await cold.driver.leftOut()).toEqual([])

    world.write('late', 500)
    touch('late')
    await cold.tick(3)
    expect(told(cold)).toEqual([['tooOld', 'late']])
    expect(await cold.driver.leftOut()).toMatchObject([
      { reason: 'tooOld', count: 1, first: 'late' },
    ])
  })
})

test('a file of this very moment is taken after the clock was set back', async () => {
  const { world, app, seen } = watch()
  world.advance(2 * HOUR_MS)
  await app.tick(2)
  world.advance(-2 * HOUR_MS)
  world.write('a', world.nowMs - START_MS)
  await app.tick(3)
  expect(seen).toEqual([['a']])
})

test('old entries are looked for once an hour, not with each batch', async () => {
  const { world, app } = watch()
  await app.run()
  const query = world.store.query.bind(world.store)
  let asked = 0
  world.store.query = async (partition, asks) => {
    if (partition.includes('#obj#')) asked += 1
    return query(partition, asks)
  }
  for (let second = 1; second <= 10; second++) {
    world.write(`f${second}`, second * 1_000 - 500)
    await app.tick()
  }
  // Once by the cold start, and once to delete.
  expect(asked).toBe(2)
})

test("with existing: 'all', small items of the ledger are joined while batches run", async () => {
  const { world, app, seen } = watch({ existing: 'all' })
  await app.run()
  for (let second = 1; second <= 70; second++) {
    world.write(`f${second}`, second * 1_000 - 500)
    await app.tick()
  }
  expect(seen).toHaveLength(70)
  expect(world.store.keys().filter((key) => key.includes('#obj#')).length).toBeLessThan(10)
})

test('a directory is listed once for each step of a run ahead of the clock', async () => {
  const { world, app, seen } = watch({}, { limits: { objects: 1 } })
  await app.run()
  for (const name of ['a', 'b', 'c']) world.write(name, 10)
  const list = vi.spyOn(world.objects, 'list')
  await app.driver.run({ aheadOfClock: true })
  expect(seen).toEqual([['a'], ['b'], ['c']])
  // Each batch, and the look that finds nothing more. Without it, one more for each batch.
  expect(list.mock.calls.length).toBeLessThanOrEqual(app.eventsOf('batchCompleted').length + 2)
})

test('what a step has listed is not used again', async () => {
  const { world, app, seen } = watch()
  await app.run()
  world.write('a', 10)
  await app.driver.run({ aheadOfClock: true })
  world.write('b', 20)
  await app.driver.run({ aheadOfClock: true })
  expect(seen).toEqual([['a'], ['b']])
})
