import { describe, expect, test } from 'vitest'
import { greatestOf } from '../../../../../lib/base/extremes.ts'
import type { StreamReader } from '../../../../../lib/ports/stream-reader.ts'
import { leaveLanes } from '../../../../../lib/runtime/sources/lanes/leaving.ts'
import { laneKey } from '../../../../../lib/state/item-keys.ts'
import { type Lane, readLane, swapLane } from '../../../../../lib/state/lanes.ts'
import { APP, type Deployment, pipelineOf, RETENTION_MS, START_MS, World } from '../../harness.ts'

const SOURCE = 'kinesisStream-1'
const LANES = `${APP}#in#0`
const DAY_MS = 86_400_000

const reader: StreamReader = { read: async () => [], parents: async () => [] }

/** Lane `n` is the child of lane `n - 1`, as a shard that is resharded again and again. */
const parentsOf = async (lane: string): Promise<readonly string[]> =>
  lane === '0' ? [] : [String(Number(lane) - 1)]

const bed = () => {
  const world = new World({ startMs: START_MS })
  const taken: unknown[] = []
  const pipeline = pipelineOf((ssc) =>
    ssc.kinesisStream('s').foreachRDD(async (rdd) => void taken.push(...(await rdd.collect()))),
  )
  const deploy = (): Deployment => world.deploy(pipeline, { bind: 'lanes', reader, parentsOf })
  const offsets = async (): Promise<Readonly<Record<string, string>>> =>
    (await world.head()).offsets?.[SOURCE] ?? {}
  const lane = (name: string): Promise<Lane | undefined> => readLane(world.store, APP, SOURCE, name)
  /** What the store does with items whose TTL is over. */
  const expire = async (): Promise<number> => {
    const expired = (await world.store.query(LANES)).filter(
      ({ item }) => Number(item['ttl'] ?? Infinity) * 1_000 < world.nowMs,
    )
    await world.store.deleteAll(expired.map(({ sort }) => ({ partition: LANES, sort })))
    return expired.length
  }
  return { world, taken, deploy, offsets, lane, expire }
}

type Bed = ReturnType<typeof bed>

/** Lane 0 is read to its end, then its child. The application lives on with lane 1. */
const drained = async (): Promise<Bed & { readonly first: Deployment }> => {
  const all = bed()
  const first = all.deploy()
  await first.tick()
  await first.append(SOURCE, 1, ['a', 'b'], '0')
  await first.tick()
  await first.append(SOURCE, 1, ['c'], '1')
  await first.tick()
  return { ...all, first }
}

/** Days pass. Then a cold process runs two batches with a record of lane 1 each. */
const later = async ({ world, deploy }: Bed, days: number, at: number): Promise<Deployment> => {
  world.advance(days * DAY_MS)
  const process = deploy()
  for (const position of [at, at + 1]) {
    await process.append(SOURCE, position, [`live ${position}`], '1')
    await process.tick()
  }
  return process
}

describe('a lane in which nothing comes', () => {
  test.each([
    ['for an hour', [1 / 24], { offsets: ['0', '1'], isEmptied: false, hasTtl: false }],
    ['for a day', [1.1], { offsets: ['1'], isEmptied: true, hasTtl: false }],
    ['for its retention after that', [1.1, 2], { offsets: ['1'], isEmptied: true, hasTtl: true }],
  ])('%s', async (_, pauses, expected) => {
    const all = await drained()
    let at = 2
    for (const days of pauses) {
      await later(all, days, at)
      at += 2
    }
    const lane = await all.lane('0')
    expect({
      offsets: Object.keys(await all.offsets()),
      isEmptied: lane?.emptiedMs !== undefined && lane.entries.length === 0,
      hasTtl: lane?.ttl !== undefined,
    }).toEqual(expected)
    expect(lane?.tail).toBe('2')
    expect(await all.expire()).toBe(0)
  })

  test('leaves the table a week after its retention', async () => {
    const all = await drained()
    await later(all, 1.1, 2)
    await later(all, RETENTION_MS / DAY_MS + 1, 4)
    all.world.advance(8 * DAY_MS)
    expect(await all.expire()).toBe(1)
    await later(all, 0, 6)
    expect(await all.lane('0')).toBeUndefined()
    expect(await all.offsets()).toEqual({ 1: '7' })
    expect(all.taken.slice(0, 3)).toEqual(['a', 'b', 'c'])
  })

  test('leaves the offsets though no batch ran while it was there', async () => {
    const all = await drained()
    await all.world.store.deleteAll([laneKey(APP, SOURCE, '0')])
    await later(all, 30, 2)
    expect(await all.offsets()).toEqual({ 1: '3' })
  })
})

describe('B1: a lane that was emptied', () => {
  test('drops what is delivered again', async () => {
    const all = await drained()
    const process = await later(all, 1.1, 2)
    for (const one of [all.first, process, all.deploy()])
      expect(await one.append(SOURCE, 1, ['a', 'b'], '0')).toBe(0)
    await process.tick(2)
    expect(all.taken).toEqual(['a', 'b', 'c', 'live 2', 'live 3'])
  })

  test('goes on when something comes after all, with the new records only', async () => {
    const all = await drained()
    const process = await later(all, 1.1, 2)
    // The first process has the old entries of the lane in its memory.
    expect(await all.first.append(SOURCE, 2, ['b', 'late'], '0')).toBe(1)
    expect(await all.lane('0')).toMatchObject({ tail: '3', entries: [{ first: '3', last: '3' }] })
    expect((await all.lane('0'))?.emptiedMs).toBeUndefined()
    await process.tick()
    expect(all.taken).toEqual(['a', 'b', 'c', 'live 2', 'live 3', 'late'])
    expect(await all.offsets()).toEqual({ 0: '3', 1: '3' })
    await all.deploy().tick(2)
    expect(all.taken).toHaveLength(6)
  })

  test('is in no batch again, though it was read before it was emptied', async () => {
    const all = await drained()
    const { ...inner } = all.world.store
    const stale = await inner.query(LANES)
    const process = await later(all, 1.1, 2)
    expect(await all.offsets()).toEqual({ 1: '3' })
    // The head and the lanes are read at the same time, and this answer was on its way for long.
    Object.assign(all.world.store, {
      query: async (...asked: Parameters<typeof inner.query>) =>
        asked[0] === LANES ? stale : inner.query(...asked),
    })
    await process.tick(3)
    expect(all.taken).toEqual(['a', 'b', 'c', 'live 2', 'live 3'])
    // Its blocks are gone, so a batch that takes it could not go on.
    expect((await all.world.head()).logged).toBeUndefined()
  })

  test('refuses a writer that saw it before', async () => {
    const all = await drained()
    const seen = await all.lane('0')
    await later(all, 1.1, 2)
    const late: Lane = { ...(seen as Lane), tail: '9', by: 'late' }
    expect(await swapLane(all.world.store, APP, seen, late)).toMatchObject({ swapped: false })
  })
})

test('a lane that gets something at this moment is not emptied, and keeps its offset', async () => {
  const { world, lane, deploy, offsets } = await drained()
  const seen = [(await lane('0')) as Lane]
  const before = await offsets()
  await deploy().append(SOURCE, 3, ['new'], '0')
  const place = { store: world.store, app: APP, source: SOURCE }
  const request = {
    nowMs: world.nowMs + 2 * DAY_MS,
    doneMs: world.nowMs,
    by: 'driver',
    deadLettersKeptMs: Infinity,
    consumedMs: world.nowMs,
  }
  const left = await leaveLanes(place, seen, { ...request, offsets: { 0: before['0'] ?? '' } })
  expect(left).toEqual({})
  expect(await lane('0')).toMatchObject({ tail: '3' })
})

test.each([
  ['before it was emptied', -1, false],
  ['after it was emptied', 0, true],
])('a lane is removed when no replay needs what came %s', async (_, sinceMs, hasTtl) => {
  const { world, lane } = bed()
  const nowMs = world.nowMs + 100 * DAY_MS
  const emptied: Lane = {
    source: SOURCE,
    lane: '0',
    tail: '2',
    by: 'driver',
    parents: [],
    pages: [],
    entries: [],
    emptiedMs: world.nowMs,
    emptiedAfterMs: world.nowMs,
  }
  await swapLane(world.store, APP, undefined, emptied)
  const place = { store: world.store, app: APP, source: SOURCE }
  await leaveLanes(place, [emptied], {
    offsets: {},
    doneMs: nowMs,
    nowMs,
    by: 'driver',
    deadLettersKeptMs: Infinity,
    consumedMs: world.nowMs + sinceMs,
    retention: () => async () => DAY_MS,
  })
  expect((await lane('0'))?.ttl !== undefined).toBe(hasTtl)
})

test('a year of daily resharding: head, table and offsets are flat', async () => {
  const { world, taken, deploy, offsets, expire } = bed()
  await deploy().tick()
  const sizes: number[] = []
  for (let day = 0; day < 365; day++) {
    world.advance(DAY_MS)
    // A function is replaced every few hours: each day begins cold.
    const app = deploy()
    await app.append(SOURCE, 1, [day], String(day))
    await app.tick()
    await expire()
    sizes.push(Object.keys(await offsets()).length + (await world.store.query(LANES)).length)
  }
  expect(taken).toEqual(Array.from({ length: 365 }, (_, day) => day))
  expect(greatestOf(sizes.slice(30))).toBe(greatestOf(sizes.slice(0, 30)))
  expect(greatestOf(sizes)).toBeLessThan(20)
})
