import { describe, expect, test } from 'vitest'
import { sortableTime } from '../../../../lib/state/item-keys.ts'
import { blockNode } from '../../../../lib/state/lane-entries.ts'
import {
  KEPT_MANIFESTS,
  type Manifest,
  readManifest,
  stateSegments,
} from '../../../../lib/state/manifest.ts'
import { readSegment, type SegmentRef, writeSegment } from '../../../../lib/state/segments.ts'
import { SNAPSHOTS } from '../../../../lib/state/snapshots.ts'
import { type Head, HeadStore } from '../../../../lib/state/head.ts'
import type { Pipeline } from 'millrace'
import { APP, pipelineOf, type Seen, START_MS, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'

/** Running totals over a lane, which change in every batch. */
const totals = (partitions = 1) => {
  const seen: Seen[] = []
  const pipeline = pipelineOf((ssc) => {
    ssc
      .socketTextStream('localhost', 9999)
      .mapToPair((word) => [word, 1])
      .updateStateByKey<number>((ones, total = 0) => total + ones.length, { partitions })
      .named('totals')
      .foreachRDD(
        async (rdd, time) => void seen.push([time.milliseconds - START_MS, await rdd.collect()]),
      )
  })
  return { pipeline, seen }
}

const segmentsOf = (world: World, node = ''): readonly string[] =>
  world.store.keys().filter((key) => key.startsWith(`${APP}#seg#${node}`))

/** The batch times or positions of the stored segments of a node. */
const positionsOf = (world: World, node: string): readonly number[] =>
  segmentsOf(world, node)
    .map((key) => Number(key.split('/').at(-1)?.split('#')[0]))
    .toSorted((x, y) => x - y)

describe('garbage (B11)', () => {
  test('is deleted as soon as no kept manifest names it', async () => {
    const { pipeline } = totals()
    const world = new World()
    const app = world.deploy(pipeline)
    for (let i = 1; i <= 10; i++) {
      await app.append(SOURCE, i, ['a'])
      await app.tick()
    }
    // Each batch deletes what the batch before it has made garbage.
    const kept = [8, 9, 10]
    expect(kept).toHaveLength(KEPT_MANIFESTS)
    expect(positionsOf(world, SOURCE)).toEqual(kept)
    const times = [7, ...kept].map((second) => START_MS + second * 1_000)
    expect(positionsOf(world, '@manifest')).toEqual(times)
  })

  const node = { part: 0, by: 'crashed' }
  const state = (second: number) => ({
    ...node,
    node: 'totals',
    at: sortableTime(START_MS + second * 1_000),
  })
  const block = (position: number) => ({
    ...node,
    node: blockNode(SOURCE, '0'),
    at: String(position),
  })
  // The last batch is that of second 3, and took the records up to position 3.
  test.each([
    ['the state of an earlier batch time', state(2), false],
    ['the state of the last batch time', state(3), false],
    ['the state of the batch time that is being run', state(4), true],
    ['the state of a later batch time', state(5), true],
    ['a block before the offset', block(2), false],
    ['a block at the offset', block(3), false],
    ['a block that waits', block(4), true],
  ])('that nothing names is found by a sweep: %s', async (_, segment, isKept) => {
    const { pipeline } = totals()
    const world = new World()
    const app = world.deploy(pipeline)
    for (let i = 1; i <= 3; i++) {
      await app.append(SOURCE, i, ['a'])
      await app.tick()
    }
    await writeSegment(world.store, APP, segment, Uint8Array.of(1))
    await app.append(SOURCE, 10, ['a'], '1')
    world.advance(1_000)
    await world.deploy(pipeline).run()
    expect(segmentsOf(world).some((key) => key.includes('crashed'))).toBe(isKept)
  })

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

  describe('with keepForReplay', () => {
    const KEPT_S = 48
    const LAST = 66
    const kept = (pipeline: Pipeline): Pipeline => ({
      ...pipeline,
      build() {
        const plan = pipeline.build()
        return { ...plan, options: { ...plan.options, keptForReplayMs: KEPT_S * 1_000 } }
      },
    })

    const run = async (pipeline: Pipeline, batches: number, isCold: boolean): Promise<World> => {
      const world = new World()
      let app = world.deploy(pipeline)
      for (let i = 1; i <= batches; i++) {
        if (isCold) app = world.deploy(pipeline)
        await app.append(SOURCE, i, ['a'])
        await app.tick()
      }
      return world
    }

    const manifestsOf = async (world: World): Promise<readonly Manifest[]> => {
      const { manifest } = (await new HeadStore(world.store, APP).read()) as Head
      const last = await readManifest(world.store, APP, manifest as SegmentRef)
      return [
        last,
        ...(await Promise.all(last.previous.map((ref) => readManifest(world.store, APP, ref)))),
      ]
    }

    test.each([
      ['one process', false],
      ['a new process for each batch', true],
    ])('the kept time stays whole, and no more: %s', async (_, isCold) => {
      const world = await run(kept(totals().pipeline), LAST, isCold)
      const manifests = await manifestsOf(world)
      const seconds = manifests.map(({ timeMs }) => (timeMs - START_MS) / 1_000)
      // Snapshots are 2 s apart: the first batch of each period.
      expect(seconds.slice(0, 5)).toEqual([LAST, LAST - 1, LAST - 2, LAST - 4, LAST - 6])
      expect(seconds.at(-1)).toBeLessThanOrEqual(LAST - KEPT_S)
      expect(seconds.at(-1)).toBeGreaterThan(LAST - KEPT_S - 4)
      expect(seconds.length).toBeLessThanOrEqual(SNAPSHOTS + KEPT_MANIFESTS + 1)
      // All that snapshots name is there.
      const read = (ref: SegmentRef) => readSegment(world.store, APP, ref)
      for (const manifest of manifests)
        for (const ref of await stateSegments(manifest, read)) await read(ref)
      // All blocks since the oldest snapshot, and few before it.
      const positions = positionsOf(world, SOURCE)
      const oldest = seconds.at(-1) as number
      expect(positions.slice(-(LAST - oldest))).toEqual(
        Array.from({ length: LAST - oldest }, (__, index) => oldest + 1 + index),
      )
      expect(positions.length).toBeLessThanOrEqual(LAST - oldest + 6)
    })

    test('what is kept goes when nothing is to be kept any more', async () => {
      const { pipeline } = totals()
      const world = await run(kept(pipeline), 60, false)
      const app = world.deploy(pipeline)
      for (let i = 61; i <= 66; i++) {
        await app.append(SOURCE, i, ['a'])
        await app.tick()
      }
      expect(positionsOf(world, SOURCE).length).toBeLessThanOrEqual(KEPT_MANIFESTS + 1)
      expect(segmentsOf(world, '@manifest').length).toBeLessThanOrEqual(KEPT_MANIFESTS + 1)
      expect(segmentsOf(world, 'totals').length).toBeLessThanOrEqual(9 + KEPT_MANIFESTS + 9)
    })

    test('what is kept goes though there was no snapshot yet', async () => {
      const { pipeline } = totals()
      const world = await run(kept(pipeline), 2, false)
      const app = world.deploy(pipeline)
      for (let i = 3; i <= 8; i++) {
        await app.append(SOURCE, i, ['a'])
        await app.tick()
      }
      expect(positionsOf(world, SOURCE)).toEqual([6, 7, 8])
    })

    test.each([
      ['one process', false],
      ['a cold process for each batch', true],
    ])('parts that no later plan has go with the last snapshot: %s', async (_, isCold) => {
      const words = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
      const world = new World()
      const parts = (): readonly string[] =>
        [1, 2, 3].flatMap((part) => segmentsOf(world, `totals#${part}`))
      let app = world.deploy(kept(totals(4).pipeline))
      for (let i = 1; i <= 5; i++) {
        await app.append(SOURCE, i * 10, words)
        await app.tick()
      }
      expect(parts().length).toBeGreaterThan(3)
      app = world.deploy(kept(totals(1).pipeline), { generation: 2 })
      for (let i = 6; i <= 6 + KEPT_S + 8; i++) {
        if (isCold) app = world.deploy(kept(totals(1).pipeline), { generation: 2 })
        await app.append(SOURCE, i * 10, words)
        await app.tick()
      }
      expect(parts()).toEqual([])
    })

    test('without it, nothing is noted', async () => {
      const world = await run(totals().pipeline, 3, false)
      expect(world.store.keys().filter((key) => key.startsWith(`${APP}#replay#`))).toEqual([])
    })
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
