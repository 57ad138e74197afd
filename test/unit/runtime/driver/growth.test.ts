import type { StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { APP, type Deployment, pipelineOf, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

interface Bed {
  readonly world: World
  readonly app: Deployment
  readonly control: { msEach: number; fails: boolean }
  /** The number of records of each batch. */
  readonly sizes: number[]
  readonly deploy: (generation?: number) => Deployment
  /** Appends as many entries of ten records. */
  readonly append: (entries: number) => Promise<void>
}

/** A pipeline whose batches take some time for each record. The limits are 20 records. */
const begin = (limits: StreamOptions['limits'] = {}): Bed => {
  const world = new World()
  const control = { msEach: 1, fails: false }
  const sizes: number[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd) => {
        const records = await rdd.count()
        world.advance(records * control.msEach)
        if (control.fails) throw new Error('down')
        sizes.push(records)
      }),
    { limits: { records: 20, ...limits } },
  )
  const deploy = (generation = 1): Deployment => world.deploy(pipeline, { generation })
  const app = deploy()
  let next = 1
  const append = async (entries: number): Promise<void> => {
    for (let entry = 0; entry < entries; entry += 1, next += 10)
      await app.append(SOURCE, next, Array<number>(10).fill(0))
  }
  return { world, app, control, sizes, deploy, append }
}

describe('B8: while more waits, batches grow', () => {
  test.each<[string, StreamOptions['limits'], number, readonly number[]]>([
    ['to what waits', {}, 1, [20, 40, 80, 160, 320, 380, 0]],
    ['as far as fits into four fifths of a second', {}, 5, [20, 40, 80, 160, 160, 160, 160, 160]],
    ['not, when one batch fills its time', {}, 40, [20, 20, 20, 20, 20, 20, 20, 20]],
    ['not, under a clock that stands', {}, 0, [20, 20, 20, 20, 20, 20, 20, 20]],
    ['up to their bound', { growth: 3 }, 1, [20, 40, 60, 60, 60, 60, 60, 60]],
    ['never, without growth', { growth: 1 }, 1, [20, 20, 20, 20, 20, 20, 20, 20]],
  ])('%s', async (_, limits, msEach, expected) => {
    const { app, control, sizes, append } = begin(limits)
    control.msEach = msEach
    await append(100)
    await app.tick(8)
    expect(sizes.slice(0, 8)).toEqual(expected)
  })

  test('in a process that starts, too', async () => {
    const { app, sizes, append, deploy } = begin()
    await append(100)
    await app.tick(3)
    await deploy().tick()
    expect(sizes).toEqual([20, 40, 80, 160])
  })

  test('a new deployment begins at the limits', async () => {
    const { app, sizes, append, deploy } = begin()
    await append(100)
    await app.tick(3)
    await deploy(2).tick(2)
    expect(sizes).toEqual([20, 40, 80, 20, 40])
  })

  test('a batch that failed keeps its input, and the next one begins at the limits', async () => {
    const { app, control, sizes, append, world } = begin()
    await append(100)
    await app.tick(3)
    control.fails = true
    await app.tick()
    control.fails = false
    world.advance(10_000)
    await app.tick(2)
    expect(sizes.slice(0, 5)).toEqual([20, 40, 80, 160, 20])
  })

  test('a batch that takes too long makes the next ones smaller at once', async () => {
    const { app, control, sizes, append } = begin()
    await append(100)
    await app.tick(4)
    control.msEach = 20
    await app.tick(2)
    expect(sizes.slice(0, 7)).toEqual([20, 40, 80, 160, 320, 40, 40])
  })
})

describe('an application that falls behind', () => {
  test('says how far, how fast, and why, until it catches up', async () => {
    const { app, control, append, world } = begin()
    control.msEach = 40
    for (let interval = 0; interval < 80; interval += 1) {
      await append(20)
      await app.tick()
    }
    // 40 records come each second, and a batch takes 20.
    const told = app.eventsOf('fallingBehind')
    expect(told[0]).toMatchObject({ heldBy: 'time', perSecond: { records: 20, objects: 0 } })
    expect(told[0]?.records).toBeGreaterThan(1_000)
    for (const [index, { timeMs }] of told.entries())
      expect(timeMs - (told[index - 1]?.timeMs ?? 0)).toBeGreaterThanOrEqual(15_000)
    const { head } = await readOverview(world.store, APP, world.clock.now())
    expect(head?.load?.falling?.heldBy).toBe('time')
    control.msEach = 1
    await app.tick(20)
    const before = app.eventsOf('fallingBehind').length
    const after = await readOverview(world.store, APP, world.clock.now())
    expect(after.head?.load?.samples ?? []).toEqual([])
    expect(after.head?.load?.falling).toBeUndefined()
    await app.tick(60)
    expect(app.eventsOf('fallingBehind')).toHaveLength(before)
  })

  test('is not said of a burst', async () => {
    const { app, append } = begin()
    await append(300)
    await app.tick(80)
    expect(app.eventsOf('fallingBehind')).toEqual([])
  })
})
