/**
 * A lane in which much waits: what an append costs, what is read of it, what is left of it, and
 * that every reader sees the same as a plain list.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import {
  type Item,
  itemBytes,
  type ItemKey,
  type ItemStore,
} from '../../../../lib/ports/item-store.ts'
import { Intake } from '../../../../lib/runtime/intake/intake.ts'
import { skipSource } from '../../../../lib/runtime/operations/skip-source.ts'
import { readOverview } from '../../../../lib/runtime/operations/status.ts'
import { lanesReader } from '../../../../lib/runtime/sources/lanes/reader.ts'
import { BEGINNING } from '../../../../lib/state/lane-entries.ts'
import { firstEntries, waitingIn, waitingSegments } from '../../../../lib/state/lane-reader.ts'
import { type Lane, readLane } from '../../../../lib/state/lanes.ts'
import { APP, pipelineOf, World } from '../harness.ts'

const SOURCE = 'socketTextStream-1'
const LIMITS = { records: 1_000_000, bytes: 64 * 1024 * 1024, objects: 1_000 }
const NO_LIMITS = { entries: Infinity, count: Infinity, bytes: Infinity }
/** The name and the positions of a shard are as long as those of Kinesis. */
const SHARD = {
  lane: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks@1700000000123/shardId-000000000007',
  positionOf: (number: number): string =>
    String(49590338271490256608559692538361571095921575989136588898n + BigInt(number) * 2n ** 70n),
}
const RECEIVER = { lane: 'receiver', positionOf: String }

/** A store that counts units as DynamoDB does: the item before or after, whichever is larger. */
const unitStore = () => {
  const inner = memoryItemStore()
  const sizes = new Map<string, number>()
  const spent = { writeUnits: 0, readUnits: 0, gets: 0, queries: 0, laneBytes: 0 }
  const idOf = ({ partition, sort }: ItemKey): string => `${partition}\n${sort}`
  const wrote = (key: ItemKey, item: Item): void => {
    const bytes = itemBytes(key, item)
    spent.writeUnits += Math.ceil(Math.max(bytes, sizes.get(idOf(key)) ?? 0) / 1_024)
    sizes.set(idOf(key), bytes)
    if (key.partition.includes('#in#')) spent.laneBytes = Math.max(spent.laneBytes, bytes)
  }
  const store: ItemStore = {
    ...inner,
    get: async (key) => {
      spent.gets += 1
      spent.readUnits += Math.max(1, Math.ceil((sizes.get(idOf(key)) ?? 0) / 4_096))
      return inner.get(key)
    },
    query: async (...asked) => {
      spent.queries += 1
      return inner.query(...asked)
    },
    putAll: async (items) => {
      for (const { item, ...key } of items) wrote(key, item)
      return inner.putAll(items)
    },
    compareAndSet: async (key, seen, next) => {
      const answer = await inner.compareAndSet(key, seen, next)
      if (answer.swapped) wrote(key, next)
      return answer
    },
  }
  return { store, spent }
}

let ids = 0
/** As long as the ids of the machine, and as hard to compress. */
const attemptId = (): string => createHash('md5').update(String(++ids)).digest('hex').slice(0, 24)

const intakeOn = (store: ItemStore, limits: typeof LIMITS & { waiting?: number } = LIMITS) =>
  new Intake({
    app: APP,
    source: SOURCE,
    store,
    limits,
    clock: { now: () => 1_764_000_000_000 + ids, sleep: async () => undefined },
    randomness: { attemptId },
  })

/** Appends many times, some records each, and calls back after each append. */
const appendMany = async (
  store: ItemStore,
  { lane, positionOf }: typeof SHARD,
  times: number,
  appended: (number: number) => void = () => undefined,
): Promise<void> => {
  const intake = intakeOn(store)
  for (let number = 1; number <= times; number++) {
    await intake.append({ lane, records: [{ position: positionOf(number), record: 'x' }] })
    appended(number)
  }
}

const laneIn = async (store: ItemStore, lane: string): Promise<Lane> =>
  (await readLane(store, APP, SOURCE, lane)) as Lane

describe.each([
  ['a shard', SHARD],
  ['a receiver', RECEIVER],
])('10,000 appends to %s, of which no batch takes any', async (_, place) => {
  const APPENDS = 10_000
  const { store, spent } = unitStore()
  const units: number[] = []
  const filled = (async () => {
    let before = 0
    await appendMany(store, place, APPENDS, () => {
      units.push(spent.writeUnits - before)
      before = spent.writeUnits
    })
  })()

  test.each([
    ['the first', 0, 1],
    ['with 100 waiting', 100, 200],
    ['with 9,900 waiting', 9_900, 10_000],
  ])('%s: an append costs at most 4 write units', async (_when, from, to) => {
    await filled
    const some = units.slice(from, to)
    expect(Math.max(...some)).toBeLessThanOrEqual(4)
    expect(some.reduce((sum, one) => sum + one) / some.length).toBeLessThan(3.5)
  })

  test('the item of the lane stays within two write units', async () => {
    await filled
    expect(spent.laneBytes).toBeLessThanOrEqual(2_048)
  })

  test('how much waits is known after a few reads', async () => {
    await filled
    const gets = spent.gets
    const waiting = await waitingIn({ store, app: APP }, await laneIn(store, place.lane), BEGINNING)
    expect(waiting).toMatchObject({ count: APPENDS, first: { first: place.positionOf(1) } })
    expect(spent.gets - gets).toBeLessThan(12)
  })

  test('a batch of 100 reads what it takes, and not all that waits', async () => {
    await filled
    const reader = lanesReader({ store, app: APP, source: SOURCE })
    const { gets } = spent
    const input = await reader.allocate({
      offsets: {},
      limits: { ...LIMITS, records: 100 },
      timeMs: 0,
      startedMs: 0,
      firstMs: 0,
      intervalMs: 1,
      nowMs: 0,
    })
    // Whole entries, up to 100 records.
    expect(input.records).toBeGreaterThan(80)
    expect(input.records).toBeLessThanOrEqual(100)
    expect(reader.behind?.().records).toBe(APPENDS - input.records)
    expect(spent.gets - gets).toBeLessThan(60)
  })
})

test('a batch takes a bounded number of entries, however small they are', async () => {
  const store = memoryItemStore()
  // Entries of one record each: none may be merged.
  const intake = intakeOn(store, { ...LIMITS, records: 1, waiting: 10_000 })
  for (let number = 1; number <= 4_200; number++)
    await intake.append({ lane: 'l', records: [{ position: String(number), record: 'x' }] })
  const reader = lanesReader({ store, app: APP, source: SOURCE })
  const times = { timeMs: 0, startedMs: 0, firstMs: 0, intervalMs: 1, nowMs: 0 }
  const input = await reader.allocate({ offsets: {}, limits: LIMITS, ...times })
  expect(input.records).toBe(4_096)
})

describe('lanes that wait together share a batch', () => {
  test.each([
    ['all alike', [300, 300, 300], [33, 33, 33]],
    ['one small: the others get the rest', [5, 300, 300], [5, 47, 47]],
    ['all small', [5, 6, 7], [5, 6, 7]],
  ])('%s', async (_, counts, expected) => {
    const store = memoryItemStore({ itemBytesMax: 5_000 })
    const intake = intakeOn(store, { ...LIMITS, records: 1, waiting: 1_000 })
    for (const [index, count] of counts.entries())
      for (let number = 1; number <= count; number++)
        await intake.append({
          lane: String(index),
          records: [{ position: String(number), record: 'x' }],
        })
    const reader = lanesReader({ store, app: APP, source: SOURCE })
    const times = { timeMs: 0, startedMs: 0, firstMs: 0, intervalMs: 1, nowMs: 0 }
    const input = await reader.allocate({
      offsets: {},
      limits: { ...LIMITS, records: 100 },
      ...times,
    })
    const taken = input.offsets.lanes ?? {}
    for (const [index, count] of expected.entries())
      expect(Math.abs(Number(taken[index]) - count)).toBeLessThanOrEqual(1)
    expect(input.records).toBe(
      Math.min(
        100,
        counts.reduce((sum, count) => sum + count),
      ),
    )
  })
})

/** A pipeline that keeps the elements of each batch. */
const records = (limits: { readonly records?: number; readonly waiting?: number } = {}) => {
  const seen: unknown[] = []
  const pipeline = pipelineOf(
    (ssc) =>
      ssc.socketTextStream('localhost', 9999).foreachRDD(async (rdd) => {
        seen.push(...(await rdd.collect()))
      }),
    { limits },
  )
  return { pipeline, seen }
}

const numbers = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index)

/** Blocks and pages of the lane in the store. */
const segmentsIn = (world: World): number =>
  world.store.keys().filter((key) => key.startsWith(`${APP}#seg#${SOURCE}/0`)).length

describe('B11: pages that are consumed are deleted', () => {
  const drained = async (isCold: boolean) => {
    const { pipeline, seen } = records({ records: 20 })
    const world = new World({ itemBytesMax: 8_192 })
    let app = world.deploy(pipeline)
    await app.tick()
    for (let n = 1; n <= 400; n++) await app.append(SOURCE, n, [n])
    const full = segmentsIn(world)
    for (let n = 401; n <= 440; n++) {
      if (isCold) app = world.deploy(pipeline)
      await app.tick()
      await app.append(SOURCE, n, [n])
    }
    if (isCold) app = world.deploy(pipeline)
    await app.tick(4)
    return { world, seen, full }
  }

  test.each([
    ['by a warm driver', false],
    ['by sweeps of cold drivers', true],
  ])('%s', async (_, isCold) => {
    const { world, seen, full } = await drained(isCold)
    expect(seen).toEqual(numbers(1, 440))
    expect(full).toBeGreaterThan(420)
    expect((await laneIn(world.store, '0')).pages).toEqual([])
    expect(segmentsIn(world)).toBeLessThan(10)
  })

  test('when the source is given up', async () => {
    const { pipeline } = records({ records: 20 })
    const world = new World({ itemBytesMax: 8_192 })
    const app = world.deploy(pipeline)
    await app.tick()
    for (let n = 1; n <= 400; n++) await app.append(SOURCE, n, [n])
    const { store, clock, randomness } = world
    const operated = { store, clock, randomness, app: APP, leaseMs: 0 }
    expect(await skipSource(operated, SOURCE)).toMatchObject({
      records: 400,
      held: [`400 records of ${SOURCE}: positions 1 to 400 of lane 0`],
    })
    expect(segmentsIn(world)).toBe(0)
  })
})

test('the status counts what is in pages', async () => {
  const { pipeline } = records({ records: 30 })
  const world = new World({ itemBytesMax: 8_192 })
  const app = world.deploy(pipeline)
  await app.tick()
  for (let n = 1; n <= 300; n++) {
    world.advance(1)
    await app.append(SOURCE, n, [n])
  }
  const startMs = world.nowMs - 300
  const laneOf = async () => (await readOverview(world.store, APP, world.nowMs)).lanes[0]
  expect(await laneOf()).toMatchObject({ waitingRecords: 300, oldestMs: startMs + 1 })
  await app.tick()
  const offset = Number((await world.head()).offsets?.[SOURCE]?.['0'])
  expect(offset).toBeGreaterThan(20)
  expect(await laneOf()).toMatchObject({ waitingRecords: 300 - offset })
})

test('the status is read again when batches use up a page meanwhile', async () => {
  const { pipeline, seen } = records({ records: 30 })
  const world = new World({ itemBytesMax: 8_192 })
  const app = world.deploy(pipeline)
  await app.tick()
  for (let n = 1; n <= 100; n++) await app.append(SOURCE, n, [n])
  const before = { ...world.store }
  let isFirst = true
  world.store.get = async (key) => {
    if (isFirst && key.partition.startsWith(`${APP}#seg#${SOURCE}/0`)) {
      isFirst = false
      // A cold driver sweeps what is consumed.
      await app.tick(5)
      await world.deploy(pipeline).tick(1)
      await app.append(SOURCE, 101, [101])
      await world.deploy(pipeline).tick(2)
    }
    return before.get(key)
  }
  const { lanes } = await readOverview(world.store, APP, world.nowMs)
  expect(isFirst).toBe(false)
  expect(seen).toEqual(numbers(1, 101))
  expect(lanes[0]).toMatchObject({ tail: '101', waitingRecords: 0 })
})

test('a full lane refuses by what waits in it, and not by how it is stored', async () => {
  const store = memoryItemStore()
  const intake = intakeOn(store, { ...LIMITS, records: 10, waiting: 50 })
  const appended = async (number: number) =>
    intake.append({ lane: 'l', records: [{ position: String(number), record: 'x' }] })
  for (let number = 1; number <= 500; number++) await appended(number)
  await expect(appended(501)).rejects.toMatchObject({ code: 'LANE_FULL', retryable: true })
  expect((await laneIn(store, 'l')).tail).toBe('500')
})

/** A lane made by some appends, and the blocks that it must hold, as a plain list. */
const laneWith = async (itemBytesMax: number, sizes: readonly number[]) => {
  const store = memoryItemStore({ itemBytesMax })
  const intake = intakeOn(store, { ...LIMITS, records: 40 })
  const blocks: { readonly first: number; readonly last: number }[] = []
  let next = 1
  for (const size of sizes) {
    await intake.append({
      lane: 'l',
      records: numbers(next, size).map((n) => ({ position: String(n), record: n })),
    })
    blocks.push({ first: next, last: next + size - 1 })
    next += size
  }
  return { place: { store, app: APP }, lane: await laneIn(store, 'l'), blocks }
}

describe('every reader sees the same as a plain list', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 150 })

  test('after any offset, within any limits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(5_000, 20_000, 400_000),
        sizes,
        fc.nat(150),
        fc.integer({ min: 1, max: 60 }),
        async (itemBytesMax, appended, index, count) => {
          const { place, lane, blocks } = await laneWith(itemBytesMax, appended)
          const offset = String(blocks[index % (blocks.length + 1)]?.last ?? BEGINNING)
          const after = blocks.filter(({ last }) => last > Number(offset))
          const all = await firstEntries(place, lane, offset, NO_LIMITS)
          expect(
            all.entries.flatMap((entry) => entry.blocks.map(({ first, at }) => [first, at])),
          ).toEqual(after.map(({ first, last }) => [String(first), String(last)]))
          const total = after.reduce((sum, { first, last }) => sum + last - first + 1, 0)
          const waiting = await waitingIn(place, lane, offset)
          expect(waiting.count).toBe(total)
          expect(waiting.first).toEqual(all.entries[0])
          const some = await firstEntries(place, lane, offset, { ...NO_LIMITS, count })
          expect(some.entries).toEqual(all.entries.slice(0, some.entries.length))
          const taken = some.entries.reduce((sum, entry) => sum + entry.count, 0)
          expect(taken + some.rest.count).toBe(total)
          expect(taken).toBeGreaterThanOrEqual(Math.min(count, total))
        },
      ),
      { numRuns: 150 },
    )
  })

  test('all that waits can be deleted, blocks and pages', async () => {
    const { place, lane } = await laneWith(
      5_000,
      numbers(1, 120).map(() => 2),
    )
    const names: string[] = []
    for await (const segments of waitingSegments(place, lane, '100'))
      names.push(...segments.map(({ at }) => at))
    const { pages } = await firstEntries(place, lane, '100', NO_LIMITS)
    expect(pages.some(({ level }) => level > 0)).toBe(true)
    expect(names).toHaveLength(70 + pages.length)
  })

  test('whatever appends, batches and new processes come between', async () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 30 }) },
      { weight: 2, arbitrary: fc.constant('tick' as const) },
      { weight: 1, arbitrary: fc.constant('new process' as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { pipeline, seen } = records({ records: 12 })
        const world = new World({ itemBytesMax: 5_000 })
        let app = world.deploy(pipeline)
        let next = 1
        for (const one of steps) {
          if (one === 'tick') await app.tick()
          else if (one === 'new process') app = world.deploy(pipeline)
          else for (let left = one; left > 0; left--) await app.append(SOURCE, next, [next++])
        }
        await app.driver.run({ aheadOfClock: true })
        expect(seen).toEqual(numbers(1, next - 1))
      }),
      { numRuns: 40 },
    )
  })
})
