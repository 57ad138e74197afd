import 'millrace'
import { describe, expect, test } from 'vitest'
import { NO_CONTEXT } from '../../../lib/rdd/context.ts'
import type { LazyPartition } from '../../../lib/rdd/partition.ts'
import { ReadAhead } from '../../../lib/rdd/read-ahead.ts'
import { type RDD, rddOfPartitions } from '../../../lib/rdd/rdd.ts'

const MEGABYTE = 1024 * 1024

/** Lazy partitions, and what is read of them and not yet handed out. */
const watched = (
  count: number,
  sizeBytes: number,
): {
  readonly partitions: readonly LazyPartition<string>[]
  readonly seen: { reads: number; outstanding: number; most: number }
} => {
  const seen = { reads: 0, outstanding: 0, most: 0 }
  const partitions = Array.from({ length: count }, (_, index) => ({
    sizeBytes,
    async read() {
      seen.reads += 1
      seen.outstanding += 1
      seen.most = Math.max(seen.most, seen.outstanding)
      await Promise.resolve()
      return () => {
        seen.outstanding -= 1
        return { records: [`${index}a`, `${index}b`], steps: [] }
      }
    },
  }))
  return { partitions, seen }
}

describe('lazy partitions', () => {
  test.each([
    { what: 'of 4 MB: 8 MB beside the one in use', count: 100, sizeBytes: 4 * MEGABYTE, most: 3 },
    { what: 'of 100 MB: one by one', count: 20, sizeBytes: 100 * MEGABYTE, most: 1 },
    { what: 'of 1 KB: 64 beside the one in use', count: 5_000, sizeBytes: 1_024, most: 65 },
  ])('$what are read ahead', async ({ count, sizeBytes, most }) => {
    const { partitions, seen } = watched(count, sizeBytes)
    const elements = await rddOfPartitions(partitions).collect()
    expect(elements).toEqual(partitions.flatMap((_, index) => [`${index}a`, `${index}b`]))
    expect(seen).toEqual({ reads: count, outstanding: 0, most })
  })

  // Partitions of this size are tasks of their own, as blocks are that intake has combined.
  test.each([
    {
      what: 'a reduction',
      run: (rdd: RDD<[string, number]>) => rdd.reduceByKey((a, b) => a + b).collect(),
    },
    { what: 'a grouping', run: (rdd: RDD<[string, number]>) => rdd.groupByKey().collect() },
    { what: 'a count', run: (rdd: RDD<[string, number]>) => rdd.countByKey() },
    { what: 'an action', run: (rdd: RDD<[string, number]>) => rdd.count() },
  ])('are read ahead over the ends of tasks by $what', async ({ run }) => {
    const { partitions, seen } = watched(300, 1_024)
    const alone = partitions.map((one) => ({ ...one, isAlone: true }))
    await run(rddOfPartitions(alone).map((text): [string, number] => [text, 1]))
    expect(seen).toEqual({ reads: 300, outstanding: 0, most: 65 })
  })

  test.each([
    { what: 'that goes elsewhere', isBad: false, reads: 300 },
    { what: 'that begins again, because of a bad record', isBad: true, reads: 301 },
  ])('are not read ahead over the end of a task $what', async ({ isBad, reads }) => {
    const { partitions, seen } = watched(300, 1_024)
    const alone = partitions.map((one) => ({ ...one, isAlone: true }))
    const left: number[] = []
    const rdd = rddOfPartitions(alone, {
      ...NO_CONTEXT,
      tasks: {
        nextStage: () => 1,
        async runStage(stage) {
          for (let task = 0; task < stage.count; task++) {
            const given = await stage.pack(task)
            left.push(seen.outstanding)
            await stage.take(given)
          }
        },
      },
    })
    let isNext = isBad
    const pairs = rdd.map((text): [string, number] => {
      if (!isNext) return [text, 1]
      isNext = false
      throw new Error('only once')
    })
    expect(await pairs.reduceByKey((a, b) => a + b).count()).toBe(600)
    expect(Math.max(...left)).toBe(0)
    expect(seen.reads).toBe(reads)
  })

  test('are read again for each use, and never kept', async () => {
    const { partitions, seen } = watched(3, 1)
    const rdd = rddOfPartitions(partitions)
    expect([await rdd.count(), await rdd.count()]).toEqual([6, 6])
    expect(seen.reads).toBe(6)
  })

  test('that cannot be read fail where they are used, and not before', async () => {
    const { partitions } = watched(3, 1)
    const failing: LazyPartition<string> = {
      sizeBytes: 1,
      read: async () => {
        throw new Error('gone')
      },
    }
    const read = new ReadAhead([partitions[0] as LazyPartition<string>, failing])
    expect((await read.at(0)).records).toEqual(['0a', '0b'])
    await expect(read.at(1)).rejects.toThrow('gone')
  })
})
