import { expect, test } from 'vitest'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import { deleteDeadLetters } from '../../../../lib/runtime/dead-letters/delete.ts'
import { redrive } from '../../../../lib/runtime/dead-letters/redrive.ts'
import { Intake } from '../../../../lib/runtime/intake/intake.ts'
import type { LaneDelivery } from '../../../../lib/runtime/intake/lane-delivery.ts'
import { countDeadLetters } from '../../../../lib/runtime/operations/dead-letters-overview.ts'
import { type DeadLetterCursor, readDeadLetters } from '../../../../lib/state/dead-letter-reader.ts'
import type { DeadLetter } from '../../../../lib/state/dead-letters.ts'

const MIDNIGHT_MS = Date.UTC(2026, 0, 2)
const DAY_MS = 86_400_000

/** A rejected record of the lane `l`. Odd positions can be redriven. */
const rejected = (position: number, bytes = 1): DeadLetter => ({
  source: 's',
  position: `l#${position}`,
  code: position % 2 === 0 ? 'LINE_NOT_UTF8' : 'USER_FUNCTION_FAILED',
  message: 'm',
  data: new Uint8Array(bytes).fill(position),
  sizeBytes: bytes,
  ...(position % 2 === 0 ? {} : { form: 'bytes' }),
})

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const deliveryOf = (positions: readonly number[], bytes?: number): LaneDelivery => ({
  lane: 'l',
  records: [],
  rejected: positions.map((position) => rejected(position, bytes)),
  last: String(positions.at(-1)),
})

/** Intake over a store that counts what it does. */
const bed = (given: { readonly nowMs?: number; readonly store?: ItemStore } = {}) => {
  const inner = given.store ?? memoryItemStore()
  const counts = { rows: 0, bytesRead: 0, refusesAppends: false }
  const store: ItemStore = {
    ...inner,
    put: async (key, item) => {
      counts.rows += 1
      return inner.put(key, item)
    },
    putAll: async (items) => {
      counts.rows += items.length
      return inner.putAll(items)
    },
    query: async (partition, query) => {
      const found = await inner.query(partition, query)
      for (const { item } of found)
        for (const value of Object.values(item))
          counts.bytesRead += value instanceof Uint8Array ? value.byteLength : 0
      return found
    },
    compareAndSet: async (key, seen, next) => {
      if (counts.refusesAppends && key.partition.includes('#in#')) throw new Error('died')
      return inner.compareAndSet(key, seen, next)
    },
  }
  let ids = 0
  const world = {
    store,
    counts,
    nowMs: given.nowMs ?? MIDNIGHT_MS - 1_000,
    clock: { now: (): number => world.nowMs, sleep: async (): Promise<void> => undefined },
    randomness: { attemptId: (): string => `a${++ids}` },
    intake: (): Intake =>
      new Intake({
        app: 'p',
        source: 's',
        store,
        clock: world.clock,
        randomness: world.randomness,
        limits: { records: 10_000, bytes: 64e6, objects: 1 },
      }),
    deliver: async (positions: readonly number[], bytes?: number): Promise<number> =>
      world.intake().append(deliveryOf(positions, bytes)),
    parts: () => ({ ...world, app: 'p' }),
    filter: { fromMs: MIDNIGHT_MS - DAY_MS, toMs: MIDNIGHT_MS + DAY_MS },
    positions: async (): Promise<readonly number[]> => {
      const found: number[] = []
      const all = readDeadLetters(store, 'p', { ...world.filter, first: 'oldest' })
      for await (const { position } of all) found.push(Number(position.slice(2)))
      return found
    },
    count: async (): Promise<number> =>
      (await countDeadLetters(store, 'p', world.filter.fromMs, world.filter.toMs)).count,
  }
  return world
}

test('a flood of one delivery is stored in few rows, and listed whole', async () => {
  const world = bed()
  await world.deliver(range(100_001, 150_000))
  expect(world.counts.rows).toBeLessThan(50)
  const positions = await world.positions()
  expect(positions.length).toBe(50_000)
  expect(positions.every((position, index) => position === 100_001 + index)).toBe(true)
})

test.each([1, 4, 5, 100])('%i dead letters keep all they had', async (number) => {
  const world = bed()
  await world.deliver(range(1, number), 10)
  const all = readDeadLetters(world.store, 'p', { ...world.filter, first: 'oldest' })
  let next = 1
  for await (const { key: _, reservationKey: __, ...found } of all) {
    expect(found).toMatchObject({ ...rejected(next, 10), timeMs: world.nowMs, isTrue: true })
    next += 1
  }
  expect(next).toBe(number + 1)
})

test('a dead letter that is too large for a block is stored apart', async () => {
  const world = bed({ store: memoryItemStore({ itemBytesMax: 150_000 }) })
  const noise = crypto.getRandomValues(new Uint8Array(60_000))
  const letters = range(1, 8).map((position) => ({
    ...rejected(position),
    data: Buffer.concat([noise, crypto.getRandomValues(new Uint8Array(30_000))]),
    sizeBytes: 90_000,
  }))
  await world.intake().append({ lane: 'l', records: [], rejected: letters, last: '8' })
  expect(await world.positions()).toEqual(range(1, 8))
})

test.each([2, 20])(
  'B1: %i records that come again after midnight, before or after their append, are stored once',
  async (number) => {
    for (const refusesAppends of [false, true]) {
      const world = bed()
      world.counts.refusesAppends = refusesAppends
      await world.deliver(range(1, number)).catch(() => undefined)
      world.counts.refusesAppends = false
      world.nowMs += 2_000
      await world.deliver(range(1, number))
      expect([refusesAppends, await world.positions()]).toEqual([refusesAppends, range(1, number)])
    }
  },
)

test('B1: a delivery that comes again with other bounds is listed once', async () => {
  const world = bed()
  world.counts.refusesAppends = true
  await world.deliver(range(101, 160)).catch(() => undefined)
  await world.deliver(range(101, 130)).catch(() => undefined)
  world.counts.refusesAppends = false
  world.nowMs += 2_000
  await world.deliver(range(101, 103))
  await world.deliver(range(104, 150))
  await world.deliver(range(140, 199))
  expect(await world.positions()).toEqual(range(101, 199))
})

test.each([2, 20])(
  'B1: a process with an old tail does not store %i records again under another day',
  async (number) => {
    const world = bed()
    const old = world.intake()
    await old.append(deliveryOf([1]))
    await world.deliver(range(101, 100 + number))
    world.nowMs += 2_000
    await world.deliver(range(201, 200 + number))
    await old.append(deliveryOf(range(101, 100 + number)))
    const all = [1, ...range(101, 100 + number), ...range(201, 200 + number)]
    expect(await world.positions()).toEqual(all)
  },
)

test('B1: processes that store the same records around midnight use one day', async () => {
  for (const notesThatCome of [1, 3]) {
    const world = bed()
    const inner = { ...world.store }
    let others = 0
    world.store.get = async (key) => {
      const item = await inner.get(key)
      if (!key.partition.endsWith('#dlq#-') || others >= notesThatCome) return item
      others += 1
      // Another process is faster, and past midnight. Its append is refused.
      world.nowMs += 2_000
      world.counts.refusesAppends = true
      await world.deliver(range(101, 120 + others)).catch(() => undefined)
      world.counts.refusesAppends = false
      return item
    }
    await world.deliver(range(101, 130))
    expect(others).toBe(notesThatCome)
    expect(await world.positions()).toEqual(range(101, 130))
  }
})

test('the number is read without the records', async () => {
  const world = bed()
  for (const first of range(0, 9))
    await world.deliver(range(first * 30 + 1, first * 30 + 30), 5_000)
  for (const first of range(0, 9)) await world.deliver([301 + first], 5_000)
  world.counts.bytesRead = 0
  const { byCode, count, some } = await countDeadLetters(
    world.store,
    'p',
    world.filter.fromMs,
    world.filter.toMs,
  )
  expect({ byCode, count }).toEqual({
    byCode: { LINE_NOT_UTF8: 155, USER_FUNCTION_FAILED: 155 },
    count: 310,
  })
  expect(some).toHaveLength(5)
  expect(world.counts.bytesRead).toBeLessThan(100_000)
})

test('pages of any size together are the whole list', async () => {
  const world = bed()
  await world.deliver(range(1, 30))
  for (const position of range(31, 35)) await world.deliver([position])
  world.nowMs += DAY_MS
  await world.deliver(range(36, 60))
  for (const size of [1, 7, 30, 100]) {
    const found: number[] = []
    let after: DeadLetterCursor | undefined
    for (let more = true; more;) {
      more = false
      let left = size
      const page = readDeadLetters(world.store, 'p', {
        ...world.filter,
        first: 'oldest',
        ...(after === undefined ? {} : { after }),
      })
      for await (const { position, timeMs, key, index } of page) {
        more = true
        found.push(Number(position.slice(2)))
        after = { dayMs: timeMs, sort: key.sort, index }
        if (--left === 0) break
      }
    }
    expect([size, found]).toEqual([size, range(1, 60)])
  }
})

test('what is redriven or deleted leaves the list, and in the end its block', async () => {
  const world = bed()
  await world.deliver(range(1, 20))
  const list = async (): Promise<readonly number[]> => {
    const positions = await world.positions()
    expect(await world.count()).toBe(positions.length)
    return positions
  }
  const given = { ...world.filter, position: 'l#4' }
  expect(await deleteDeadLetters(world.parts(), given)).toEqual({ deadLetters: 1, reserved: 0 })
  expect(await list()).toEqual(range(1, 20).filter((position) => position !== 4))
  expect(await redrive(world.parts(), world.filter)).toMatchObject({ records: 10 })
  expect(await list()).toEqual([2, 6, 8, 10, 12, 14, 16, 18, 20])
  expect(await redrive(world.parts(), world.filter)).toMatchObject({ records: 0, finished: 0 })
  expect(await deleteDeadLetters(world.parts(), world.filter)).toEqual({
    deadLetters: 9,
    reserved: 0,
  })
  expect(await list()).toEqual([])
  const left = await world.store.query('p#dlq#2026-01-01')
  expect(left.filter(({ item }) => item['letters'] !== undefined)).toEqual([])
})

test('a reserved one is not deleted', async () => {
  const world = bed()
  await world.deliver(range(1, 9))
  const dying: ItemStore = {
    ...world.store,
    compareAndSet: async (key, ...more) => {
      if (key.partition.includes('#in#')) throw new Error('died')
      return world.store.compareAndSet(key, ...more)
    },
  }
  await expect(redrive({ ...world.parts(), store: dying }, world.filter)).rejects.toThrow('died')
  expect(await deleteDeadLetters(world.parts(), world.filter)).toEqual({
    deadLetters: 4,
    reserved: 5,
  })
  expect(await redrive(world.parts(), world.filter)).toMatchObject({ finished: 5 })
  expect(await world.positions()).toEqual([])
})

test('B1: a dead letter that expires after its reservation holds up no other', async () => {
  for (const expired of [1, 3, 5]) {
    const world = bed()
    for (const position of [1, 3, 5]) await world.deliver([position])
    const dying: ItemStore = {
      ...world.store,
      compareAndSet: async (key, ...more) => {
        if (key.partition.includes('#in#')) throw new Error('died')
        return world.store.compareAndSet(key, ...more)
      },
    }
    await expect(redrive({ ...world.parts(), store: dying }, world.filter)).rejects.toThrow('died')
    const sort = `s#l#${expired}#USER_FUNCTION_FAILED`
    await world.store.deleteAll([{ partition: 'p#dlq#2026-01-01', sort }])
    expect(await redrive(world.parts(), world.filter)).toMatchObject({ finished: 2 })
    expect(await world.positions()).toEqual([])
  }
})

test.each([
  [undefined, 14 * DAY_MS],
  [DAY_MS, DAY_MS],
  [Infinity, undefined],
])('kept for %s ms', async (deadLettersKeptMs, keptMs) => {
  const world = bed()
  const shared = { app: 'p', source: 's', limits: { records: 1, bytes: 1, objects: 1 } }
  const intake = new Intake({
    ...shared,
    ...world.parts(),
    ...(deadLettersKeptMs === undefined ? {} : { deadLettersKeptMs }),
  })
  await intake.append({
    lane: 'l',
    records: [],
    rejected: range(1, 9).map((n) => rejected(n)),
    last: '9',
  })
  await intake.append({ lane: 'l', records: [], rejected: [rejected(10)], last: '10' })
  const stored = await world.store.query('p#dlq#2026-01-01')
  const ttl = keptMs === undefined ? undefined : Math.ceil((world.nowMs + keptMs) / 1_000)
  expect(stored.map(({ item }) => item['ttl'])).toEqual([ttl, ttl])
  await redrive(world.parts(), world.filter)
  const marks = await world.store.query('p#dlq#2026-01-01', { prefix: '!' })
  expect(marks.length).toBe(5)
  for (const { item } of marks)
    if (ttl === undefined) expect(item['ttl']).toBeUndefined()
    else expect(item['ttl']).toBeGreaterThan(ttl)
})
