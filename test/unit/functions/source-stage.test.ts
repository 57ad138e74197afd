/** The source stage at intake, from the events of a stream to what is printed. */
import { type Pipeline, seconds, type StreamingContext, type StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { Random } from '../../../lib/testing/random.ts'
import { pipelineOf } from '../runtime/harness.ts'
import { ShardBed } from './shard-bed.ts'

const sum = (a: number, b: number): number => a + b
const parse = (line: string): [string, number] => {
  const [key = '', value = ''] = line.split(' ')
  if (key === 'bad') throw new Error(`no value: ${value}`)
  return [key, Number(value)]
}
const pairsIn = (ssc: StreamingContext) => ssc.kinesisTextStream('lines').map(parse)

const sums = (options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf((ssc) => pairsIn(ssc).reduceByKey(sum).print(1_000), options)

/** Several uses of one source, all of which combine. */
const manyUses = (options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf((ssc) => {
    const pairs = pairsIn(ssc)
    pairs.reduceByKey(sum).print(1_000)
    pairs
      .filter(([key]) => key === 'k5')
      .groupByKey({ partitions: 2 })
      .print(1_000)
    pairs.reduceByKeyAndWindow(sum, seconds(3), seconds(1)).print(1_000)
    const odd = pairs.filter(([key]) => /[13]$/.test(key))
    odd.updateStateByKey<number>((values, total = 0) => values.reduce(sum, total)).print(1_000)
    pairs
      .map(([key]) => key)
      .countByValue()
      .print(1_000)
  }, options)

/** Floats of very different sizes: their sum depends on the order. */
const randomLines = (from: Random, count: number, keys = 10): string[] =>
  Array.from({ length: count }, () => {
    const value = (from.next() - 0.5) * 10 ** from.between(-8, 8)
    return `k${from.between(0, keys - 1)} ${value}`
  })

/** What happens between the appends and a batch. */
type Upset = (bed: ShardBed, pipeline: Pipeline, batch: number) => void | Promise<void>

const upsets: readonly (readonly [string, Upset])[] = [
  ['nothing', () => undefined],
  ['a new process', (bed) => bed.app.freeze()],
  ['all blocks lost', (bed) => bed.loseBlocks()],
  ['all blocks damaged', (bed) => bed.damageBlocks()],
  ['other code', (bed, pipeline, batch) => bed.deploy(pipeline, batch + 2)],
  [
    'other code, and all blocks lost',
    async (bed, pipeline, batch) => {
      bed.deploy(pipeline, batch + 2)
      await bed.loseBlocks()
    },
  ],
  [
    'other code, and a shard that has forgotten all',
    (bed, pipeline, batch) => {
      bed.deploy(pipeline, batch + 2)
      bed.shard.keep = false
    },
  ],
]

const appends = 4

/** Brings random lines in some events, upsets the world, and runs. */
const play = async (
  pipeline: (options?: Partial<StreamOptions>) => Pipeline,
  seed: number,
  upset: Upset,
  options: Partial<StreamOptions> = {},
) => {
  const from = new Random(seed)
  const bed = new ShardBed(pipeline(options))
  const batches: string[][] = []
  await bed.app.trigger()
  for (let batch = 0; batch < 3; batch++) {
    const lines: string[] = []
    for (let append = 0; append < appends; append++) {
      const some = randomLines(from, from.between(200, 400))
      await bed.put(some)
      for (const line of some) lines.push(line)
    }
    batches.push(lines)
    await upset(bed, pipeline(options), batch)
    await bed.app.pass()
  }
  return { bed, batches, printed: bed.printed }
}

/** What the sums must be, up to rounding. */
const sumsOf = (lines: readonly string[]): ReadonlyMap<string, number> => {
  const totals = new Map<string, number>()
  for (const line of lines) {
    const [key = '', value] = line.split(' ')
    totals.set(key, (totals.get(key) ?? 0) + Number(value))
  }
  return totals
}

describe('the sums of random numbers', () => {
  test.each([1, 2, 3])('are those of a plain loop: seed %d', async (seed) => {
    const { bed, batches, printed } = await play(sums, seed, () => undefined)
    expect(bed.combined.some((count) => Number(count) > 0)).toBe(true)
    expect(printed).toHaveLength(batches.length)
    for (const [index, [, lines]] of printed.entries()) {
      const expected = sumsOf(batches[index] ?? [])
      expect(lines).toHaveLength(expected.size)
      for (const line of lines) {
        const [key, value] = /^\('?(\w+)'?,(.*)\)$/.exec(line)?.slice(1) ?? []
        expect(Number(value)).toBeCloseTo(expected.get(String(key)) ?? NaN, 2)
      }
    }
  })
})

describe('results are the same to the last bit', () => {
  test.each(upsets)('%s', async (_, upset) => {
    for (const seed of [4, 5, 6]) {
      const calm = await play(manyUses, seed, () => undefined)
      expect(calm.bed.combined.every((count) => Number(count) > 0)).toBe(true)
      expect((await play(manyUses, seed, upset)).printed).toEqual(calm.printed)
    }
  })
})

test('stores a small part of the bytes, in as many items', async () => {
  const stored = async (sourceStage: 'intake' | 'driver') => {
    const bed = new ShardBed(sums({ sourceStage }))
    for (let append = 0; append < 10; append++)
      await bed.put(randomLines(new Random(append), 2_000))
    const items = await Promise.all(bed.blockKeys().map((key) => bed.world.store.get(key)))
    const bytes = items.map((item = {}) => (item['bytes'] as Uint8Array).byteLength)
    return { items: items.length, bytes: bytes.reduce(sum, 0) }
  }
  const [combined, raw] = [await stored('intake'), await stored('driver')]
  expect(combined.items).toBe(raw.items)
  // Ten keys for each append, and 20 bytes for each of 20,000 records.
  expect(combined.bytes).toBeLessThan(10 * 600)
  expect(raw.bytes).toBeGreaterThan(100_000)
})
