import { hours, milliseconds, seconds } from 'millrace'
import { expect, test } from 'vitest'
import { Random } from '../../../../../lib/testing/random.ts'
import { type Deployment, pipelineOf, START_MS, World } from '../../harness.ts'

const HOUR_MS = 3_600_000

/** Watches a directory, and keeps the lines of each batch. */
const linesOf = (whenIdle: 'rest' | 'tick', intervalMs = 1_000) => {
  const seen: (readonly [timeMs: number, lines: readonly string[]])[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.textFileStream('in').foreachRDD(async (rdd, time) => {
        seen.push([time.milliseconds, await rdd.collect()])
      }),
    { batchInterval: milliseconds(intervalMs), whenIdle },
  )
  return { pipeline, seen, lines: () => seen.flatMap(([, lines]) => lines).toSorted() }
}

const warnings = ({ events }: Deployment): readonly string[] =>
  events.flatMap((event) => (event.event === 'warning' ? [event.code] : []))

/** Runs the driver each second. */
const pass = async (world: World, app: Deployment, times: number): Promise<void> => {
  for (let i = 0; i < times; i += 1) {
    await app.run()
    world.advance(1_000)
  }
}

const arrive = (world: World, name: string, byMs = 0): void =>
  world.write(name, world.nowMs - byMs - START_MS)

for (const whenIdle of ['rest', 'tick'] as const)
  test(`${whenIdle}: the clock was two hours ahead when the application first ran`, async () => {
    const { pipeline, seen, lines } = linesOf(whenIdle)
    const world = new World({ startMs: START_MS + 2 * HOUR_MS + 1 })
    arrive(world, 'existing', 30_000)
    const wrong = world.deploy(pipeline)
    await pass(world, wrong, 4)
    arrive(world, 'early')
    await pass(world, wrong, 2)
    expect([lines(), warnings(wrong)]).toEqual([['early'], []])

    world.advance(-2 * HOUR_MS)
    const doneMs = seen.at(-1)?.[0] as number
    const right = world.deploy(pipeline)
    await pass(world, right, 3)
    arrive(world, 'late')
    await pass(world, right, 3)
    expect([lines(), warnings(right)]).toEqual([['early', 'late'], ['CLOCK_BEHIND']])
    const after = seen.slice(seen.findIndex(([timeMs]) => timeMs === doneMs) + 1)
    // B6: batch times go on after the last one, one for each interval of the clock.
    expect(after.length).toBeLessThanOrEqual(6)
    expect(after.map(([timeMs]) => timeMs)).toEqual(
      after.map((_, index) => doneMs + (index + 1) * 1_000),
    )
    // The time of the files that the wrong clock has named comes, and they are not taken again.
    world.advance(2 * HOUR_MS)
    await pass(world, right, 3)
    expect(lines()).toEqual(['early', 'late'])
  })

test('a file that arrives after the correction and before the next look is taken', async () => {
  const { pipeline, lines } = linesOf('rest', 5_000)
  const world = new World({ startMs: START_MS + 2 * HOUR_MS + 1 })
  const app = world.deploy(pipeline)
  await app.run()
  world.advance(-2 * HOUR_MS)
  arrive(world, 'a')
  world.advance(4_900)
  await app.run()
  world.advance(5_000)
  await app.run()
  expect(lines()).toEqual(['a'])
})

test('a file that arrives while the directory is listed after a correction is taken', async () => {
  const { pipeline, lines } = linesOf('rest', 5_000)
  const world = new World({ startMs: START_MS + 2 * HOUR_MS + 1 })
  const app = world.deploy(pipeline)
  await app.run()
  world.advance(-2 * HOUR_MS)
  // The clock is read before the directory.
  arrive(world, 'a', -500)
  for (let look = 0; look < 3; look++) {
    await app.run()
    world.advance(5_000)
  }
  expect(lines()).toEqual(['a'])
})

test('a source that is added while batches are ahead of the clock takes new files', async () => {
  const world = new World({ startMs: START_MS + 2 * HOUR_MS + 1 })
  const before = pipelineOf((ssc) => ssc.socketTextStream('localhost', 9).print())
  await pass(world, world.deploy(before), 3)
  world.advance(-2 * HOUR_MS)
  const seen: string[] = []
  const after = pipelineOf((ssc) => {
    ssc.socketTextStream('localhost', 9).print()
    ssc.textFileStream('in').foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
  })
  const app = world.deploy(after, { generation: 2 })
  await pass(world, app, 3)
  arrive(world, 'a')
  await pass(world, app, 3)
  expect(seen).toEqual(['a'])
})

test('a head that was woken while the clock was ahead does not wait for that time', async () => {
  const { pipeline, lines } = linesOf('rest')
  const world = new World({ startMs: START_MS + 1 })
  await pass(world, world.deploy(pipeline), 3)
  world.advance(2 * HOUR_MS)
  arrive(world, 'early')
  // The file wakes the head, and the next batch time has not come.
  await world.deploy(pipeline).run()
  expect((await world.head()).wakeMs).toBeGreaterThan(START_MS + HOUR_MS)

  world.advance(-2 * HOUR_MS)
  const app = world.deploy(pipeline)
  await pass(world, app, 3)
  arrive(world, 'late')
  await pass(world, app, 3)
  expect([lines(), warnings(app)]).toEqual([['early', 'late'], ['CLOCK_BEHIND']])
})

test('a file that arrives between the clock and the listing is taken', async () => {
  const { pipeline, lines } = linesOf('rest')
  const world = new World({ startMs: START_MS + 2 * HOUR_MS + 1 })
  await pass(world, world.deploy(pipeline), 3)
  world.advance(-2 * HOUR_MS)
  // A cold start reads the manifest after the clock and before the directory.
  const { ...inner } = world.store
  let hasArrived = false
  const slowGet: typeof inner.get = async (key) => {
    if (key.partition.includes('@manifest') && !hasArrived) {
      hasArrived = true
      world.advance(500)
      arrive(world, 'a')
    }
    return inner.get(key)
  }
  Object.assign(world.store, { get: slowGet })
  await pass(world, world.deploy(pipeline), 5)
  expect([hasArrived, lines()]).toEqual([true, ['a']])
})

test('runs that do not wait for the clock, and get ahead of it, leave no file out', async () => {
  const { pipeline, lines } = linesOf('rest', 60_000)
  const world = new World({ startMs: START_MS + 1 })
  const names = Array.from({ length: 12 }, (_, index) => `f${String.fromCharCode(97 + index)}`)
  for (const name of names) {
    await world.deploy(pipeline).driver.run({ aheadOfClock: true })
    world.advance(10_000)
    arrive(world, name)
    world.advance(10_000)
  }
  await world.deploy(pipeline).driver.run({ aheadOfClock: true })
  expect((await world.head()).doneMs).toBeGreaterThan(world.nowMs)
  expect(lines()).toEqual(names)
})

test('a pause that was set before the clock was set back is over', async () => {
  let isFailing = true
  const pipeline = pipelineOf((ssc) =>
    ssc.textFileStream('in').foreachRDD(async (rdd) => {
      if ((await rdd.count()) > 0 && isFailing) throw new Error('not now')
    }),
  )
  const world = new World({ startMs: START_MS + 1 })
  const app = world.deploy(pipeline)
  await app.run()
  arrive(world, 'a')
  arrive(world, 'a', -1)
  await pass(world, app, 3)
  expect((await world.head()).logged?.attempts).toBeGreaterThan(0)
  world.advance(-hours(2).milliseconds)
  isFailing = false
  await app.run()
  expect((await world.head()).logged).toBeUndefined()
})

/** A run in which the clock is set forwards and back, and processes end. */
const play = async (seed: number): Promise<void> => {
  const random = new Random(seed)
  const whenIdle = random.pick(['rest', 'tick'] as const)
  const { pipeline, lines } = linesOf(whenIdle)
  const world = new World({ startMs: START_MS + random.between(0, 999) })
  let app = world.deploy(pipeline)
  await app.run()
  world.advance(1)
  const arrived: string[] = []
  let aheadMs = 0
  for (let step = 0; step < 120; step += 1) {
    if (random.chance(0.08)) {
      const toMs = random.pick([0, random.between(1, 4 * HOUR_MS), random.between(1, 9_000)])
      // A pipeline that never rests runs a batch for each second of a jump.
      const byMs = Math.min(toMs - aheadMs, whenIdle === 'tick' ? 60_000 : Infinity)
      aheadMs += byMs
      world.advance(byMs)
    }
    if (random.chance(0.4)) {
      const name = `f${String(arrived.length).padStart(3, '0')}`
      arrive(world, name)
      arrived.push(name)
    }
    if (random.chance(0.1)) app = world.deploy(pipeline)
    world.advance(random.between(1, 1_000))
    await app.run()
  }
  await pass(world, app, 10)
  expect(lines(), `seed ${seed}`).toEqual(arrived)
}

test('takes each file once, whenever the clock is set forwards or back', async () => {
  for (let seed = 0; seed < 40; seed += 1) await play(seed)
})

test('a clock that is set back by a second or two is no news', async () => {
  const { pipeline, lines } = linesOf('tick')
  const world = new World()
  const app = world.deploy(pipeline)
  await pass(world, app, 3)
  world.advance(-1_900)
  arrive(world, 'a')
  await pass(world, app, seconds(5).milliseconds / 1_000)
  expect([lines(), warnings(app)]).toEqual([['a'], []])
})

test('B6: a driver whose clock is 4 s behind that of another runs no batch early', async () => {
  const { pipeline, seen } = linesOf('tick')
  const world = new World({ startMs: START_MS })
  const ahead = world.deploy(pipeline)
  await pass(world, ahead, 6)
  const doneMs = seen.at(-1)?.[0] as number
  // Both are within 2 s of the store.
  world.advance(doneMs - 4_000 - world.nowMs)
  const behind = world.deploy(pipeline)
  await pass(world, behind, 4)
  expect(seen.at(-1)?.[0]).toBe(doneMs)
  await pass(world, behind, 2)
  expect(seen.at(-1)?.[0]).toBe(doneMs + 1_000)
  expect(warnings(behind)).toEqual([])
})
