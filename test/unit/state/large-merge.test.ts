/** Large merges beside batches: what a batch writes before its commit, and what is named. */
import { describe, expect, test } from 'vitest'
import type { LogSettings } from '../../../lib/state/state-log.ts'
import { Random } from '../../../lib/testing/random.ts'
import { keyOf, LogBed } from './log-bed.ts'

/** Merges of a few keys, a slice of three keys after each batch. */
const SMALL: LogSettings = {
  pageRefs: 3,
  smallAfterDeltas: 4,
  smallShareMax: 0.25,
  tinyBytes: 24,
  merges: { besideBytes: 100, atOnceAfter: 5, sliceBytes: 1_000, sliceKeys: 3, mergeForMs: 60_000 },
}

const allKeys = (count: number, value: number): [string, number][] =>
  Array.from({ length: count }, (_, key) => [keyOf(key), value])

/** A bed whose merge has begun: 12 keys, which are four slices. */
const begun = async (settings: Partial<LogSettings['merges']> = {}): Promise<LogBed> => {
  const bed = new LogBed({ ...SMALL, merges: { ...SMALL.merges, ...settings } })
  await bed.batch(allKeys(12, 0))
  for (let value = 1; value <= 3; value++) await bed.batch(allKeys(12, value))
  expect(bed.merges).toBe(0)
  return bed
}

describe('what a batch writes before its commit', () => {
  test('is its delta, however large the state is', async () => {
    const keys = 100_000
    const bed = new LogBed()
    await bed.batch(allKeys(keys, 1))
    const [all = 0] = bed.beforeCommit.splice(0)
    const random = new Random(1)
    for (let batch = 2; batch < 24; batch++) {
      const first = random.between(0, keys - 20_000)
      await bed.batch(allKeys(20_000, batch).map(([, value], i) => [keyOf(first + i), value]))
    }
    expect(bed.merges).toBe(1)
    // A small merge is at most a quarter of the state.
    expect(Math.max(...bed.beforeCommit)).toBeLessThan(all / 4)
    expect(bed.sliceBytesMax).toBeLessThan(all / 2)
    await bed.check()
  })

  test('is the state at once, when merges do not keep up', async () => {
    const bed = await begun({ sliceKeys: 1 })
    const sizes = new Set<number>()
    for (let value = 4; value <= 40; value++) {
      await bed.batch(allKeys(12, value))
      sizes.add(bed.partition.count)
    }
    await bed.check()
    // A cold start reads at most six times the state: the large segment, and five times as much.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(6)
  })
})

test('a process that ends soon begins no merge', async () => {
  const bed = await begun()
  const before = await bed.stored()
  for (let batch = 0; batch < 3; batch++) {
    bed.forget()
    await bed.batch([[keyOf(1), batch + 10]])
  }
  // A delta for each batch, and no slices.
  expect(await bed.stored()).toBe(before + 3)
  await bed.check()
})

describe('a merge is named', () => {
  test.for<[string, [string, number | undefined][]]>([
    ['unchanged', []],
    ['a key that was visited changed', [[keyOf(0), 9]]],
    ['a key that was not visited yet changed', [[keyOf(11), 9]]],
    ['a key that was visited removed', [[keyOf(0), undefined]]],
    ['a key that was not visited yet removed', [[keyOf(11), undefined]]],
    ['a key that came', [['new', 9]]],
  ])('with what changed since it began: %s', async ([, changes]) => {
    const bed = await begun()
    await bed.batch(changes)
    await bed.batch([])
    // Removed and set again: it comes later in the map.
    await bed.batch(changes.map(([key]) => [key, undefined]))
    await bed.batch(changes)
    for (let batch = 0; batch < 4; batch++) await bed.batch([])
    expect(bed.merges).toBe(1)
    await bed.check()
  })

  test('by a batch that changes nothing', async () => {
    const bed = await begun()
    for (let batch = 0; batch < 6; batch++) await bed.batch([])
    expect(bed.partition).toMatchObject({ large: 4, small: 0, count: 4 })
    await bed.check()
  })

  test.for([
    // The time after which a batch comes at last, and whether it names the merge.
    [1_000, true],
    [56_000, true],
    // A sweep of a process that knows this time may have taken the slices (B11).
    [56_001, false],
    [60_000, false],
  ] as const)('only up to its time: after %i ms', async ([afterMs, isNamed]) => {
    const bed = await begun()
    for (let batch = 0; batch < 4; batch++) await bed.batch([])
    await bed.batch([], afterMs)
    expect(bed.merges).toBe(isNamed ? 1 : 0)
    await bed.check()
  })

  test('never when a slice could not be written; then another one begins', async () => {
    const bed = await begun()
    bed.isDown = true
    await expect(bed.batch([])).rejects.toThrow('down')
    bed.isDown = false
    for (let batch = 0; batch < 3; batch++) await bed.batch([[keyOf(1), batch + 10]])
    expect(bed.merges).toBe(0)
    for (let batch = 0; batch < 3; batch++) await bed.batch([])
    expect(bed.merges).toBe(1)
    await bed.check()
  })
})

/** All texts of so many letters. */
const ordersOf = (letters: string, length: number): readonly string[] =>
  length === 0
    ? ['']
    : ordersOf(letters, length - 1).flatMap((text) => Array.from(letters, (one) => text + one))

/** What a batch changes: nothing, one key, one key that goes, half of the keys, or all of them. */
const BATCHES: Readonly<Record<string, (batch: number) => [string, number | undefined][]>> = {
  n: () => [],
  o: (batch) => [[keyOf(batch % 12), batch]],
  r: (batch) => [[keyOf((batch * 5) % 12), undefined]],
  h: (batch) => allKeys(6, batch),
  a: (batch) => allKeys(12, batch),
}

describe('in each order of small and large batches', () => {
  // Merges after two deltas, also of half of the state: so small merges come as often as they can.
  const often = { smallAfterDeltas: 2, smallShareMax: 1 }
  test.for(['n', 'o', 'r', 'h', 'a'])(
    'after %s: the state is a plain map, and no small merge comes during a large one',
    async (first) => {
      let named = 0
      for (const order of ordersOf('onrha', 3)) {
        const bed = new LogBed({ ...SMALL, ...often })
        await bed.batch(allKeys(12, 0))
        let smallOfMerge: number | undefined
        const kinds = `${first}${order}${order}${first}${order}`.split('')
        for (const [batch, kind] of kinds.entries()) {
          await bed.batch(BATCHES[kind]?.(batch + 1) ?? [])
          const { small } = bed.partition
          if (bed.isMerging) expect(small, order).toBe((smallOfMerge ??= small))
          else smallOfMerge = undefined
        }
        await bed.check()
        named += bed.merges
      }
      expect(named).toBeGreaterThan(20)
    },
  )
})

test.for([1, 2, 3, 4, 5, 6])(
  'random changes, ends of processes, sweeps and long pauses: seed %i',
  async (seed) => {
    const random = new Random(seed)
    const bed = new LogBed(SMALL)
    for (let batch = 0; batch < 500; batch++) {
      const some = Array.from({ length: random.pick([0, 1, 2, 5, 20]) }, () => {
        const key = keyOf(random.between(0, random.pick([10, 40])))
        return [key, random.chance(0.2) ? undefined : batch] as const
      })
      await bed.batch([...new Map(some)], random.chance(0.02) ? 70_000 : 1_000)
      if (random.chance(0.03)) bed.forget()
      if (random.chance(0.1)) await bed.sweep()
      if (batch % 50 === 0) await bed.check()
    }
    expect(bed.merges).toBeGreaterThan(5)
    await bed.check()
    // What was given up is swept at last.
    await bed.batch([], 70_000)
    await bed.sweep()
    expect(await bed.stored()).toBeLessThanOrEqual(bed.partition.count + 20)
  },
)
