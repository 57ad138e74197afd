/** Windows in executors: which go there, what a batch of them costs, and what is kept where. */
import { type DStream, milliseconds } from 'millrace'
import { describe, expect, test } from 'vitest'
import { type Manifest, readManifest } from '../../../../lib/state/manifest.ts'
import type { SegmentRef } from '../../../../lib/state/segments.ts'
import { Random } from '../../../../lib/testing/random.ts'
import { isLazy, type SourcePartition } from '../../../../lib/rdd/partition.ts'
import { APP, type World } from '../harness.ts'
import {
  batch,
  type Bed,
  bedOf,
  countReads,
  type Pairs,
  SMALL_LOG,
  sum,
  WORDS,
} from './move-bed.ts'

const less = (a: number, b: number): number => a - b
const times = (count: number) => milliseconds(1_000 * count)
const S1 = times(1)

type Use = (pairs: Pairs) => DStream<unknown>

const reduced =
  (partitions: number, length = 4): Use =>
  (pairs) =>
    pairs.reduceByKeyAndWindow(sum, times(length), S1, { partitions })
const rolling =
  (partitions: number, length = 4): Use =>
  (pairs) =>
    pairs.reduceByKeyAndWindow(sum, less, times(length), S1, { partitions })
const grouped =
  (partitions: number, slide = 1): Use =>
  (pairs) =>
    pairs.groupByKeyAndWindow(times(4), times(slide), { partitions })

const askedOf = ({ asked }: Bed): readonly number[] =>
  [...new Set(asked.map(({ partition }) => partition))].toSorted((a, b) => a - b)

const manifestOf = async (world: World): Promise<Manifest> =>
  readManifest(world.store, APP, (await world.head()).manifest as SegmentRef)

describe('a window that is large', () => {
  test.each<[what: string, partitions: readonly number[], use: Use]>([
    ['two of three partitions of a reduction', [0, 1], reduced(3)],
    ['all but those of the driver, with an inverse', [0, 1, 3, 4, 6], rolling(7)],
    ['groups', [0, 1], grouped(2)],
    ['groups between their slides', [0, 1], grouped(2, 3)],
    [
      'a count by value',
      [0, 1, 3],
      (pairs) => pairs.countByValueAndWindow(times(4), S1, { partitions: 4 }),
    ],
    ['nothing of one partition', [], reduced(1)],
    ['nothing of a window without keys', [], (pairs) => pairs.window(times(4))],
    [
      'nothing of a reduction without keys',
      [],
      (pairs) => pairs.map(([, one]) => one).reduceByWindow(sum, times(4)),
    ],
    ['nothing of a count', [], (pairs) => pairs.countByWindow(times(4))],
  ])('goes to executors: %s', async (_, partitions, use) => {
    const bed = bedOf(use)
    await bed.app.run()
    for (let count = 0; count < 4; count++) await batch(bed, WORDS.join(' '))
    expect(askedOf(bed)).toEqual(partitions)
    expect(bed.app.eventsOf('batchFailed')).toEqual([])
  })

  test('of a small window nothing goes', async () => {
    const bed = bedOf(rolling(3), {})
    await bed.app.run()
    for (let count = 0; count < 4; count++) await batch(bed, WORDS.join(' '))
    expect(bed.asked).toEqual([])
  })

  test.each([
    ['a reduction', reduced(6)],
    ['a reduction with an inverse', rolling(6)],
    ['groups', grouped(6)],
  ])('%s: what is warm is not read, and panes that came there never', async (_, use) => {
    const bed = bedOf(use)
    await bed.app.run()
    await batch(bed, WORDS.join(' '))
    const read = countReads(bed.world, 'AndWindow')
    for (let count = 0; count < 12; count++) await batch(bed, `word${count} another`)
    // Four of six partitions leave the driver after the first batch. Each has one pane then, and
    // one segment of its result.
    expect(read.count).toBeLessThanOrEqual(8)
    const before = read.count
    for (let count = 0; count < 12; count++) await batch(bed, WORDS.join(' '))
    expect(read.count).toBe(before)
  })

  test('one that has lost its memory reads the panes of its partitions again, once', async () => {
    const bed = bedOf(reduced(6, 8))
    await bed.app.run()
    for (let count = 0; count < 12; count++) await batch(bed, WORDS.join(' '))
    const read = countReads(bed.world, 'AndWindow')
    bed.restart(1)
    await batch(bed, 'word1')
    const once = read.count
    // Two partitions of seven panes that stay.
    expect(once).toBeGreaterThanOrEqual(14)
    expect(once).toBeLessThanOrEqual(16)
    for (let count = 0; count < 5; count++) await batch(bed, 'word1')
    expect(read.count).toBe(once)
  })

  test('one that died is left out: the driver reads what is its, and goes on', async () => {
    const bed = bedOf(rolling(3))
    await bed.app.run()
    for (let count = 0; count < 6; count++) await batch(bed, WORDS.join(' '))
    bed.alive.delete(0)
    const before = bed.asked.length
    for (let count = 0; count < 10; count++) await batch(bed, WORDS.join(' '))
    const later = bed.asked.slice(before)
    expect(later.filter(({ partition }) => partition === 0)).toHaveLength(1)
    expect(later.filter(({ partition }) => partition === 1)).toHaveLength(10)
    expect(bed.app.eventsOf('warning').map(({ code }) => code)).toEqual(['EXECUTOR_LOST'])
  })

  test('a driver that starts reads no panes that executors have', async () => {
    const bed = bedOf(rolling(3))
    await bed.app.run()
    for (let count = 0; count < 6; count++) await batch(bed, WORDS.join(' '))
    const other = bedOf(rolling(3), { stateBytes: 1 }, bed.world)
    const read = countReads(bed.world, 'AndWindow')
    await batch(other, WORDS.join(' '))
    const own = read.keys.filter((key) => key.includes('#1#') || key.includes('#2#'))
    expect(new Set(read.keys).size).toBe(read.keys.length)
    expect(own.length).toBeGreaterThan(0)
    expect(askedOf(other)).toEqual([0, 1])
  })
})

describe('a window that is small, after a batch that was spread', () => {
  /** Batches of files that are read when they are needed, or not. Gives where they moved. */
  const after = async (length: number): Promise<{ away: number; home: number; reads: number }> => {
    let isLarge = false
    const asLater = (one: SourcePartition<unknown>): SourcePartition<unknown> =>
      isLazy(one) ? one : { sizeBytes: 1, read: async () => () => one }
    const bed = bedOf(reduced(3, length), {
      readAs: (reader) => ({
        ...reader,
        read: async (...given) => {
          const data = await reader.read(...given)
          return isLarge ? { ...data, partitions: data.partitions.map(asLater) } : data
        },
      }),
    })
    await bed.app.run()
    for (let count = 0; count < length + 10; count++) await batch(bed, 'word1 word2 word3 word4')
    isLarge = true
    await batch(bed, WORDS.join(' '))
    const away = bed.asked.length
    isLarge = false
    const read = countReads(bed.world, 'AndWindow')
    for (let count = 0; count < 5; count++) await batch(bed, WORDS.join(' '))
    return { away, home: bed.asked.length - away, reads: read.count }
  }

  test.each([
    ['comes home if that is few reads', 8, { away: 2, home: 0 }],
    ['stays there if it would have to read hundreds of panes', 300, { away: 2, home: 10 }],
  ] as const)('%s', async (_, length, expected) => {
    const { reads, ...moved } = await after(length)
    expect(moved).toEqual(expected)
    expect(reads).toBeLessThanOrEqual(2 * 8)
  })
})

describe('a request', () => {
  test('does not grow with the window: a warm partition has its panes', async () => {
    const bytesFor = async (length: number): Promise<number> => {
      const bed = bedOf(reduced(3, length))
      await bed.app.run()
      for (let count = 0; count < 100; count++) await batch(bed, 'word1 word2 word3 word4')
      return Math.max(...bed.sent.slice(-20).map(({ request, data }) => request + data))
    }
    const [short, long] = [await bytesFor(4), await bytesFor(90)]
    // 90 panes are 16 references and 5 pages at most. The values are in none of them.
    expect(long).toBeLessThan(short + 3_000)
  })

  test('has one value for each key, however many came', async () => {
    const bed = bedOf(rolling(2))
    await bed.app.run()
    await batch(bed, 'few words')
    bed.sent.length = 0
    await batch(bed, 'one two '.repeat(20_000).trim())
    const bytes = bed.sent.reduce((total, { data }) => total + data, 0)
    expect(bytes).toBeLessThan(1_000)
  })
})

describe('another number of partitions', () => {
  /** Each manifest under the later number, and how often executors were asked up to it. */
  const runs = async (
    use: Use,
    later: Use,
    batches: number,
  ): Promise<readonly (readonly [manifest: Manifest, asked: number])[]> => {
    const first = bedOf(use)
    await first.app.run()
    for (let count = 0; count < 6; count++) await batch(first, WORDS.join(' '))
    const second = bedOf(later, { stateBytes: 1, generation: 2 }, first.world)
    const seen: [Manifest, number][] = []
    for (let count = 0; count < batches; count++) {
      await batch(second, WORDS.slice(count).join(' '))
      seen.push([await manifestOf(first.world), second.asked.length])
    }
    expect(second.app.eventsOf('batchFailed')).toEqual([])
    return seen
  }

  test('keeps a window in the driver until the panes before have left', async () => {
    const seen = await runs(rolling(2), rolling(3), 8)
    // Three panes of four stay at first, and one leaves with each batch.
    const areAway = seen.map(([, asked]) => asked > 0)
    expect(areAway).toEqual([false, false, false, false, true, true, true, true])
  })

  test('is not said of panes any more when they have left', async () => {
    const seen = await runs(grouped(3, 2), grouped(2, 2), 12)
    const said = seen.map(([{ states }]) =>
      Object.values(states).some(({ regrouped }) => regrouped !== undefined),
    )
    expect(said.slice(0, 3)).toEqual([true, true, true])
    expect(said.slice(4)).toEqual(said.slice(4).map(() => false))
  })
})

/** The counts of words that a window of so many batches has. */
const countsOf = (batches: readonly (readonly string[])[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const word of batches.flat()) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** What the last batch has written. */
const lastOutput = ({ files, nowMs }: World): ReadonlyMap<string, number> => {
  const lines = [...files.files()]
    .filter(([name]) => name.includes(`out-${nowMs}/part-`))
    .flatMap(([, bytes]) => Buffer.from(bytes).toString().split('\n').filter(Boolean))
  return new Map(
    lines.map((line) => {
      const [word = '', ...values] = line.replaceAll(/[^\w,]/g, '').split(',')
      return [word, values.map(Number).reduce(sum)]
    }),
  )
}

test.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'random batches, losses, restarts and pauses: a plain loop counts the same, seed %i',
  async (seed) => {
    const random = new Random(seed)
    const partitions = random.between(2, 7)
    const length = random.between(1, 9)
    const use = seed % 2 === 0 ? reduced(partitions, length) : rolling(partitions, length)
    const bed = bedOf(use, { stateBytes: random.pick([1, 300]), logSettings: SMALL_LOG })
    const batches: string[][] = []
    await bed.app.run()
    for (let count = 0; count < 30; count++) {
      const words = Array.from({ length: random.between(1, 30) }, () => `w${random.between(0, 60)}`)
      if (random.between(0, 5) === 0) bed.restart(random.between(0, 1))
      if (random.between(0, 9) === 0) bed.alive.delete(random.between(0, 1))
      if (random.between(0, 9) === 0) bed.alive.add(random.between(0, 1))
      const pause = random.between(0, 9) === 0 ? random.between(1, 12) : 0
      for (let rest = 0; rest < pause; rest++) {
        batches.push([])
        await bed.app.tick()
      }
      batches.push(words)
      await batch(bed, words.join(' '))
      const found = [...lastOutput(bed.world)].filter(([, n]) => n !== 0)
      expect(new Map(found)).toEqual(countsOf(batches.slice(-length)))
    }
  },
)
