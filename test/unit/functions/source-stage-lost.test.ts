/** Blocks that intake has combined for other code, when the shard has forgotten their records. */
import { type Pipeline, seconds, type StreamOptions } from 'millrace'
import { describe, expect, test } from 'vitest'
import { pipelineOf } from '../runtime/harness.ts'
import { ShardBed } from './shard-bed.ts'

const sum = (a: number, b: number): number => a + b

/** `by`: the factor of this code. */
const sums = (by: number, options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf(
    (ssc) =>
      ssc
        .kinesisTextStream('lines')
        .map((line): [string, number] => [line.slice(0, 2), by])
        .reduceByKey(sum)
        .print(),
    options,
  )

/** The same, and one more output: another plan, with the same source stage. */
const twice = pipelineOf((ssc) => {
  const counts = ssc
    .kinesisTextStream('lines')
    .map((line): [string, number] => [line.slice(0, 2), 1])
    .reduceByKey(sum)
  counts.print()
  counts.mapValues((n) => -n).print()
})

/** The same, and it counts over two batches: another source stage. */
const windowed = (options: Partial<StreamOptions> = {}): Pipeline =>
  pipelineOf(
    (ssc) =>
      ssc
        .kinesisTextStream('lines')
        .map((line): [string, number] => [line.slice(0, 2), 1])
        .reduceByKeyAndWindow(sum, seconds(2), seconds(1))
        .print(),
    options,
  )

const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `k${index % 2} ${'x'.repeat(30)}`)

/** What waits was combined by code that counts each record once. */
const waiting = async (pipeline: Pipeline = sums(1)): Promise<ShardBed> => {
  const bed = new ShardBed(pipeline)
  await bed.app.trigger()
  await bed.put(lines(100))
  await bed.put(lines(200))
  expect(bed.combined).toEqual([100, 200])
  return bed
}

const elements = (bed: ShardBed): readonly string[] => bed.printed.flatMap(([, some]) => some)
const codes = (bed: ShardBed, event: string): readonly unknown[] =>
  bed.logged(event).map(({ code }) => code)

describe('a deployment while combined blocks wait', () => {
  test('counts the records by its own code, as long as the shard has them', async () => {
    const bed = await waiting()
    bed.deploy(sums(10), 2)
    await bed.app.pass()
    expect(elements(bed)).toEqual(['(k0,1500)', '(k1,1500)'])
    expect(bed.shard.asked).toHaveLength(2)
    expect(codes(bed, 'warning')).toEqual([])
  })

  test('takes what the earlier code has made of them if they are gone, and says so', async () => {
    const bed = await waiting()
    bed.deploy(sums(10), 2)
    bed.shard.keep = false
    await bed.app.pass()
    expect(elements(bed)).toEqual(['(k0,150)', '(k1,150)'])
    expect(codes(bed, 'warning')).toEqual(['BLOCK_OF_EARLIER_CODE', 'BLOCK_OF_EARLIER_CODE'])
  })

  test('decides that once, for all attempts at the batch', async () => {
    let isFull = true
    const failing = pipelineOf((ssc) => {
      const counts = ssc
        .kinesisTextStream('lines')
        .map((line): [string, number] => [line.slice(0, 2), 10])
        .reduceByKey(sum)
      counts.print()
      counts.foreachRDD(async () => {
        if (isFull) throw new Error('the disk is full')
      })
    })
    const bed = await waiting(failing)
    bed.deploy(failing, 2)
    bed.shard.keep = false
    await bed.app.pass()
    expect(codes(bed, 'batchFailed')).toHaveLength(1)
    // From now on, the records could be read again. But the first attempt has printed without them.
    bed.shard.keep = true
    isFull = false
    bed.app.freeze()
    await bed.app.pass(1, 60_000)
    expect(elements(bed)).toEqual(['(k0,1500)', '(k1,1500)'])
    expect(bed.shard.asked).toHaveLength(2)
    expect(codes(bed, 'warning')).toHaveLength(2)
  })

  test('takes them with another plan, too, if its source stage is equal', async () => {
    const bed = await waiting()
    bed.deploy(twice, 2)
    bed.shard.keep = false
    await bed.app.pass()
    expect(elements(bed)).toEqual(['(k0,150)', '(k1,150)', '(k0,-150)', '(k1,-150)'])
  })

  test.each([
    { options: {}, failed: ['DATA_LOST'], lost: [] },
    { options: { onDataLoss: 'skip' }, failed: [], lost: [100, 200] },
  ] as const)(
    'with another source stage, and gone: $failed $lost',
    async ({ options, failed, lost }) => {
      const bed = await waiting(sums(1, options))
      bed.deploy(windowed(options), 2)
      bed.shard.keep = false
      await bed.app.pass()
      expect(codes(bed, 'batchFailed')).toEqual(failed)
      expect(bed.logged('dataLost').map(({ records }) => records)).toEqual(lost)
      expect(elements(bed)).toEqual([])
    },
  )

  test('does not take damaged ones', async () => {
    const bed = await waiting()
    bed.deploy(sums(10), 2)
    bed.shard.keep = false
    await bed.damageBlocks()
    await bed.app.pass()
    expect(codes(bed, 'batchFailed')).toEqual(['DATA_LOST'])
  })

  test('does not take other records at the positions of those that it wants', async () => {
    const bed = await waiting()
    bed.deploy(sums(10), 2)
    for (const [index, record] of bed.shard.records.entries())
      bed.shard.records[index] = { ...record, data: Buffer.from(`zz ${index}`) }
    await bed.app.pass()
    expect(elements(bed)).toEqual(['(k0,150)', '(k1,150)'])
  })
})
