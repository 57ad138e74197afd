import { describe, expect, test } from 'vitest'
import { KEPT_MANIFESTS } from '../../../../lib/state/manifest.ts'
import { APP, pipelineOf, type Seen, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

/** Running totals over a lane, which change in every batch. */
const totals = () => {
  const seen: Seen[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc
      .socketTextStream('localhost', 9999)
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length)
      .named('totals')
      .foreachRDD(
        async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
      )
  })
  return { pipeline, seen }
}

const segmentsOf = (world: World, node = ''): readonly string[] =>
  world.store.keys().filter((key) => key.startsWith(`${APP}#seg#${node}`))

describe('garbage (B11)', () => {
  test('is deleted while batches run: the store does not grow', async () => {
    const { pipeline, seen } = totals()
    const world = new World()
    const app = world.deploy(pipeline)
    const counts: number[] = []
    for (let i = 1; i <= 60; i++) {
      await app.append(SOURCE, i, ['a'])
      await app.tick()
      counts.push(segmentsOf(world).length)
    }
    expect(seen.at(-1)).toEqual([60_000, [['a', 60]]])
    expect(Math.max(...counts.slice(30))).toBeLessThanOrEqual(Math.max(...counts.slice(0, 30)))
    expect(segmentsOf(world, '@manifest').length).toBeLessThanOrEqual(KEPT_MANIFESTS + 1)
    expect(segmentsOf(world, SOURCE).length).toBeLessThanOrEqual(KEPT_MANIFESTS + 1)
    // One merged segment, the deltas since, and older segments that kept manifests still name.
    expect(segmentsOf(world, 'totals').length).toBeLessThanOrEqual(9 + KEPT_MANIFESTS + 9)
  })

  test('is deleted too when a cold process runs every batch', async () => {
    const { pipeline, seen } = totals()
    const world = new World()
    const counts: number[] = []
    for (let i = 1; i <= 60; i++) {
      const app = world.deploy(pipeline)
      await app.append(SOURCE, i, ['a'])
      await app.tick()
      counts.push(segmentsOf(world).length)
    }
    expect(seen.at(-1)).toEqual([60_000, [['a', 60]]])
    expect(Math.max(...counts.slice(30))).toBeLessThanOrEqual(Math.max(...counts.slice(0, 30)))
  })

  test('of an attempt that could not commit is deleted by the next cold start', async () => {
    const { pipeline } = totals()
    const world = new World()
    const app = world.deploy(pipeline)
    await app.append(SOURCE, 1, ['a'])
    await app.tick()
    await app.append(SOURCE, 2, ['a'])
    world.advance(1_000)
    const write = world.store.compareAndSet.bind(world.store)
    let writes = 0
    world.store.compareAndSet = async (key, seen, next) => {
      writes += 1
      // The second write of the head is the commit.
      if (writes === 2) world.store.fail({ call: 'compareAndSet', to: `${APP}#head`, times: 4 })
      return write(key, seen, next)
    }
    expect(await app.run()).toMatchObject({ kind: 'retry', reason: { code: 'STORE_FAILED' } })
    const lost = segmentsOf(world).filter((key) => key.includes(`/00${START_MS + 2_000}#`))
    expect(lost.length).toBeGreaterThan(0)
    await app.tick()
    for (let i = 0; i < KEPT_MANIFESTS + 1; i++) {
      const cold = world.deploy(pipeline)
      await cold.append(SOURCE, 3 + i, ['a'])
      await cold.tick()
    }
    expect(segmentsOf(world).filter((key) => lost.includes(key))).toEqual([])
  })

  test('of inputs that are too large for the head is deleted too', async () => {
    const world = new World()
    const pipeline = pipelineOf((ssc) => ssc.textFileStream('lines').foreachRDD(() => undefined))
    const app = world.deploy(pipeline)
    await app.run()
    for (let batch = 1; batch <= 12; batch++) {
      for (let i = 0; i < 100; i++)
        world.write(`a-file-with-a-name-of-its-own-${batch}-${i}`, batch * 1_000 - 500)
      await app.tick()
    }
    expect(segmentsOf(world, '@batch').length).toBeLessThanOrEqual(KEPT_MANIFESTS + 1)
  })

  test('never includes what the head names through the last manifests', async () => {
    const { pipeline, seen } = totals()
    const world = new World()
    const app = world.deploy(pipeline)
    for (let i = 1; i <= 25; i++) {
      await app.append(SOURCE, i, [`w${i % 5}`])
      await app.tick()
      // A cold process reads everything that is named.
      const cold = world.deploy(pipeline)
      expect((await cold.run()).kind).toBe('idle')
    }
    expect(seen.at(-1)?.[1]).toEqual(['w0', 'w1', 'w2', 'w3', 'w4'].map((word) => [word, 5]))
  })
})
