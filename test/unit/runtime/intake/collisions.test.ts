import { describe, expect, test } from 'vitest'
import { memoryItemStore } from '../../../../lib/adapters/memory/memory-item-store.ts'
import type { BatchLimits } from '../../../../lib/dstream/plan.ts'
import type { ItemStore } from '../../../../lib/ports/item-store.ts'
import { Intake } from '../../../../lib/runtime/intake/intake.ts'
import { readBlock } from '../../../../lib/state/blocks.ts'
import { BEGINNING } from '../../../../lib/state/lane-entries.ts'
import { firstEntries } from '../../../../lib/state/lane-reader.ts'
import { type Lane, readLane } from '../../../../lib/state/lanes.ts'

const APP = 'app'
const SOURCE = 'files'
const LANE = '@notifications'
const NO_LIMITS = { entries: Infinity, count: Infinity, bytes: Infinity }
const LIMITS: BatchLimits = { records: 1_000_000, bytes: 64e6, objects: 1_000 }

type Calls = Record<'put' | 'deleted' | 'read' | 'refused', number>

/** A store whose calls take some turns of the event loop, and that counts blocks and swaps. */
const countingStore = (itemBytesMax?: number) => {
  const inner = memoryItemStore(itemBytesMax === undefined ? {} : { itemBytesMax })
  const calls: Calls = { put: 0, deleted: 0, read: 0, refused: 0 }
  const isBlock = ({ partition }: { readonly partition: string }): boolean =>
    partition.includes('#seg#')
  let turns = 0
  const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let left = 1 + (turns++ % 4); left > 0; left--)
      await new Promise((resolve) => setImmediate(resolve))
    return call()
  }
  const store: ItemStore = {
    ...inner,
    get: async (key) => slowly(async () => inner.get(key)),
    putAll: async (items) => {
      calls.put += items.filter(isBlock).length
      return slowly(async () => inner.putAll(items))
    },
    deleteAll: async (keys) => {
      calls.deleted += keys.filter(isBlock).length
      return slowly(async () => inner.deleteAll(keys))
    },
    compareAndSet: async (...given) => {
      const swap = await slowly(async () => inner.compareAndSet(...given))
      if (!swap.swapped) calls.refused += 1
      return swap
    },
  }
  return { store, calls }
}

let ids = 0
const pauses: number[] = []

const intakeOn = (store: ItemStore, limits = LIMITS, now: () => number = () => 5_000): Intake =>
  new Intake({
    app: APP,
    source: SOURCE,
    store,
    clock: {
      now,
      sleep: async (ms) => {
        pauses.push(ms)
        // A pause of 10 ms is a turn of the event loop here.
        for (let left = ms / 10; left > 0; left--)
          await new Promise((resolve) => setImmediate(resolve))
      },
    },
    randomness: { attemptId: () => `attempt${++ids}` },
    limits,
  })

const numbered = (from: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}`)

const stored = async (store: ItemStore, lane = LANE) => {
  const found = (await readLane(store, APP, SOURCE, lane)) as Lane
  const { entries, tail } = found
  const all = await firstEntries({ store, app: APP }, found, BEGINNING, NO_LIMITS)
  const blocks = all.entries.flatMap((entry) => entry.blocks)
  const records = await Promise.all(
    blocks.map(async (ref) => (await readBlock(store, APP, ref)).records as readonly string[]),
  )
  return { entries, tail, blocks, all: all.entries, pages: all.pages, records: records.flat() }
}

describe('many functions that append to one lane at the same time', () => {
  test('all succeed, and leave no block or page that nothing names', async () => {
    const { store, calls } = countingStore()
    await Promise.all(
      numbered(0, 50).map((n) =>
        intakeOn(store).appendAtTail(LANE, numbered(100 * Number(n), 100)),
      ),
    )
    const { records, blocks, pages, tail } = await stored(store)
    expect(records.map(Number).toSorted((a, b) => a - b)).toEqual(numbered(0, 5_000).map(Number))
    expect(tail).toBe('5000')
    expect(blocks).toHaveLength(50)
    expect(calls.refused).toBeGreaterThan(50)
    expect(pages.length).toBeGreaterThan(0)
    expect(calls.put - calls.deleted).toBe(blocks.length + pages.length)
  })

  test('pause for different times after a collision, and not for long', () => {
    expect(new Set(pauses).size).toBeGreaterThan(50)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(320)
  })

  test('one after the other do not collide: nothing is remembered of such a lane', async () => {
    const { store, calls } = countingStore()
    const [one, two] = [intakeOn(store), intakeOn(store)]
    for (let round = 0; round < 5; round++) {
      await one.appendAtTail(LANE, numbered(2 * round, 1))
      await two.appendAtTail(LANE, numbered(2 * round + 1, 1))
    }
    expect((await stored(store)).records).toEqual(numbered(0, 10))
    expect(calls.refused).toBe(0)
  })

  test('that take turns by positions collide once each, and then read the lane', async () => {
    const { store, calls } = countingStore()
    const all = [intakeOn(store), intakeOn(store), intakeOn(store)]
    const turns = 30
    for (let turn = 0; turn < turns; turn++) {
      const records = [{ position: String(turn + 1), record: `${turn}` }]
      const intake = all[turn % all.length] as Intake
      expect(await intake.append({ lane: LANE, records, rejected: [] })).toBe(1)
    }
    expect((await stored(store)).records).toEqual(numbered(0, turns))
    expect(calls.refused).toBe(all.length)
    // A block that was written in vain is an object in a bucket: as dear as forty reads.
    expect(calls.deleted).toBe(all.length)
  })

  /** The records of a lane after an append whose answer was lost, and `later` others. */
  const afterLostAnswer = async (before: number, later: number) => {
    const { store } = countingStore(8_192)
    const other = intakeOn(store)
    for (let left = before; left > 0; left--) await other.appendAtTail(LANE, ['before'])
    let isFirst = true
    const overtaken: ItemStore = {
      ...store,
      compareAndSet: async (...given) => {
        const swap = await store.compareAndSet(...given)
        // The answer is lost. Before the call is repeated, another function has appended.
        if (swap.swapped && isFirst) {
          isFirst = false
          for (let left = later; left > 0; left--) await other.appendAtTail(LANE, ['later'])
        }
        return store.compareAndSet(...given)
      },
    }
    await intakeOn(overtaken)
      .appendAtTail(LANE, ['mine'])
      .catch(() => undefined)
    return (await stored(store)).records
  }

  test.each([
    ['once', 1],
    ['so often that the entry is in a page', 30],
    ['so often that the page is in another one', 150],
  ])('keep what is named of an append whose answer was lost, overtaken %s', async (_, later) => {
    // After some of these, the append itself moves entries or pages to a page.
    for (let before = 0; before < 40; before++) {
      const records = await afterLostAnswer(before, later)
      expect(records.slice(0, before)).toEqual(Array.from({ length: before }, () => 'before'))
      expect(records.filter((record) => record === 'later')).toHaveLength(later)
      expect(records).toContain('mine')
    }
  })
})

test('100 tries on a full lane write no block', async () => {
  const { store, calls } = countingStore(6_000)
  const intake = intakeOn(store, { ...LIMITS, records: 8, waiting: 4 })
  const deliver = (first: number) =>
    intake.append({ lane: 'l', records: [{ position: `${first}`, record: 'x'.repeat(200) }] })
  let position = 1
  const isFull = await (async () => {
    for (;;) {
      try {
        await deliver(position)
        position += 1
      } catch (error) {
        return error
      }
    }
  })()
  expect(isFull).toMatchObject({ code: 'LANE_FULL', retryable: true })
  const before = calls.put
  for (let tries = 0; tries < 100; tries++)
    await expect(deliver(position)).rejects.toMatchObject({ code: 'LANE_FULL' })
  expect(calls.put).toBe(before)
})

describe('entries that are merged', () => {
  test.each([
    { what: 'of the first: the lag counts from it', at: [1_000, 11_000], entries: [[1_000, 2]] },
    {
      what: 'of each, if one came later',
      at: [1_000, 11_001],
      entries: [
        [1_000, 1],
        [11_001, 1],
      ],
    },
    {
      what: 'of the first, however many follow',
      at: [0, 4_000, 8_000, 12_000, 16_000, 20_000, 24_000],
      entries: [
        [0, 3],
        [12_000, 3],
        [24_000, 1],
      ],
    },
    { what: 'of a clock that is a little ahead', at: [9_000, 1_000], entries: [[9_000, 2]] },
    {
      what: 'of each, if a clock is far ahead',
      at: [900_000, 1_000],
      entries: [
        [900_000, 1],
        [1_000, 1],
      ],
    },
  ])('keep the time $what', async ({ at, entries: expected }) => {
    const { store } = countingStore()
    for (const nowMs of at)
      await intakeOn(store, LIMITS, () => nowMs).appendAtTail(LANE, [String(nowMs)])
    const { entries } = await stored(store)
    expect(entries.map(({ receivedMs, count }) => [receivedMs, count])).toEqual(expected)
  })

  test('have at most 16 blocks: a batch can end between two of them', async () => {
    const { store } = countingStore()
    const intake = intakeOn(store)
    for (const record of numbered(0, 80)) await intake.appendAtTail(LANE, [record])
    const { all } = await stored(store)
    const counts = all.map(({ blocks }) => blocks.length)
    expect(counts.reduce((sum, count) => sum + count)).toBe(80)
    expect(Math.max(...counts)).toBeLessThanOrEqual(16)
    expect(counts.length).toBeLessThan(40)
  })
})
