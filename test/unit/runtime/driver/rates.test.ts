import type { RateOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { APP, type Deployment, pipelineOf, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

interface Bed {
  readonly world: World
  readonly app: Deployment
  readonly control: { msEach: number }
  /** The records of each batch, by the lane that had them. */
  readonly sizes: Readonly<Record<string, number>>[]
  readonly deploy: (generation?: number) => Deployment
  /** Appends records to a lane, ten at a time. */
  readonly append: (records: number, lane?: string) => Promise<void>
}

const totalOf = (sizes: Readonly<Record<string, number>>): number =>
  Object.values(sizes).reduce((total, one) => total + one, 0)

/** A pipeline with batches of a second, which take some time for each record. */
const begin = (
  rate: RateOptions | undefined,
  limits: { records?: number; growth?: number } = {},
): Bed => {
  const world = new World()
  const control = { msEach: 1 }
  const sizes: Record<string, number>[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd) => {
        const lanes = Object.groupBy(await rdd.collect(), (lane) => lane)
        const counts = Object.entries(lanes).map(([lane, all = []]) => [lane, all.length] as const)
        const counted = Object.fromEntries(counts)
        world.advance(totalOf(counted) * control.msEach)
        sizes.push(counted)
      }),
    { ...(rate === undefined ? {} : { rate }), limits },
  )
  const deploy = (generation = 1): Deployment => world.deploy(pipeline, { generation })
  const app = deploy()
  const next = new Map<string, number>()
  const append = async (records: number, lane = 'a'): Promise<void> => {
    const first = next.get(lane) ?? 1
    for (let record = first; record < first + records; record += 10)
      await app.append(SOURCE, record, Array<string>(10).fill(lane), lane)
    next.set(lane, first + records)
  }
  return { world, app, control, sizes, deploy, append }
}

describe('a batch takes', () => {
  test.each<[string, RateOptions, number, readonly number[]]>([
    ['at most the rate', { max: 30 }, 1, [30, 30, 30, 30]],
    ['at most the rate of a lane', { maxPerLane: 40 }, 1, [40, 40, 40, 40]],
    ['the smaller of both', { max: 30, maxPerLane: 40 }, 1, [30, 30, 30, 30]],
    ['at least one block', { max: 0.1 }, 1, [10, 10, 10, 10]],
    // The first batch measures 50 a second, and says nothing. The second begins a second late:
    // 50 - 0.2 * 50. The third begins 2 s late: 40 - (40 - 50) - 0.2 * 100.
    [
      'what the estimator allows',
      { backpressure: { initialRate: 100, minRate: 10 } },
      20,
      [100, 100, 40, 30],
    ],
    [
      'no less than its least',
      { backpressure: { initialRate: 70, minRate: 60 } },
      20,
      [70, 70, 60],
    ],
    ['no more than the most', { max: 90, backpressure: true }, 1, [90, 90, 90, 90]],
  ])('%s', async (_, rate, msEach, expected) => {
    const { app, control, sizes, append } = begin(rate)
    control.msEach = msEach
    await append(500)
    await app.tick(expected.length)
    expect(sizes.slice(0, expected.length).map(totalOf)).toEqual(expected)
  })

  test('never more than the limits allow', async () => {
    const { app, sizes, append } = begin({ max: 400 }, { records: 20 })
    await append(500)
    await app.tick(5)
    expect(sizes.slice(0, 5).map(totalOf)).toEqual([20, 40, 80, 160, 200])
  })

  test.each<[string, RateOptions, readonly Readonly<Record<string, number>>[]]>([
    ['of all lanes the same, without back-pressure', { max: 40 }, [{ a: 20, b: 20 }]],
    [
      'of lanes by what waits in them, with it',
      { backpressure: { initialRate: 40 } },
      [{ a: 30, b: 10 }],
    ],
    [
      'of a lane at most its rate',
      { maxPerLane: 25 },
      [
        { a: 20, b: 20 },
        { a: 20, b: 20 },
      ],
    ],
  ])('%s', async (_, rate, expected) => {
    const { app, sizes, append } = begin(rate)
    await append(300, 'a')
    await append(100, 'b')
    await app.tick(expected.length)
    expect(sizes.slice(0, expected.length)).toEqual(expected)
  })
})

test('B8: no lane waits for ever where a batch cannot take something of each', async () => {
  const { app, sizes, append, world } = begin({ max: 1 })
  for (let round = 0; round < 6; round += 1) {
    for (const lane of ['a', 'b', 'c']) await append(10, lane)
    world.advance(10)
  }
  await app.tick(12)
  const taken = sizes.slice(0, 12).flatMap((one) => Object.keys(one))
  expect(taken).toEqual(Array.from({ length: 4 }, () => ['a', 'b', 'c']).flat())
})

describe('estimates', () => {
  const rate: RateOptions = { backpressure: { initialRate: 100, minRate: 10 } }

  test('outlive the process', async () => {
    const { app, control, sizes, append, deploy } = begin(rate)
    control.msEach = 20
    await append(500)
    await app.tick()
    const before = sizes.length
    await deploy().tick()
    expect(sizes.map(totalOf).slice(0, 4)).toEqual([100, 100, 40, 30])
    expect(sizes.length).toBeGreaterThan(before)
  })

  test('end with the deployment', async () => {
    const { app, control, sizes, append, deploy } = begin(rate)
    control.msEach = 20
    await append(1_000)
    await app.tick(3)
    const before = sizes.length
    await append(500)
    await deploy(2).tick()
    expect(sizes.map(totalOf).slice(before - 1, before + 1)).toEqual([expect.any(Number), 100])
    expect(totalOf(sizes[before - 1] ?? {})).toBeLessThan(100)
  })

  test('are said to hold batches back', async () => {
    const { app, append, world } = begin({ max: 5 })
    for (let interval = 0; interval < 90; interval += 1) {
      await append(20)
      await app.tick()
    }
    expect(app.eventsOf('fallingBehind')[0]).toMatchObject({ heldBy: 'rate' })
    const { head } = await readOverview(world.store, APP, world.clock.now())
    expect(head?.load?.heldBy).toBe('rate')
  })

  test('are not kept where no rate follows batches', async () => {
    const { app, append, world } = begin({ max: 5 })
    await append(5)
    await app.tick(2)
    const { head } = await readOverview(world.store, APP, world.clock.now())
    expect(head?.load).toBeUndefined()
  })
})

test.each<[string, RateOptions]>([
  ['of a source', { max: 1_000_000 }],
  ['of lanes', { maxPerLane: 1_000_000 }],
])('B8: of long lanes, a large rate %s reads no more than none', async (_, rate) => {
  const limits = { records: 40, growth: 1 }
  const readsOf = async (given: RateOptions | undefined): Promise<number> => {
    const { world, app, append } = begin(given, limits)
    for (const lane of ['a', 'b', 'c', 'd']) await append(4_000, lane)
    await app.tick()
    const before = { ...world.store }
    let reads = 0
    world.store.get = async (...asked) => {
      reads += 1
      return before.get(...asked)
    }
    world.store.query = async (...asked) => {
      reads += 1
      return before.query(...asked)
    }
    await app.tick(3)
    return reads
  }
  expect(await readsOf(rate)).toBeLessThanOrEqual(await readsOf(undefined))
})
