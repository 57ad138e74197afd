import 'millrace'
import { expect, test } from 'vitest'
import { NO_CONTEXT } from '../../../lib/rdd/context.ts'
import type { SourcePartition } from '../../../lib/rdd/partition.ts'
import { rddOfPartitions } from '../../../lib/rdd/rdd.ts'
import { runHere } from '../../../lib/rdd/tasks.ts'

/** The numbers of tasks of `collect` and `reduceByKey` over these sizes, and of its result. */
const tasksOver = async (
  sizes: readonly (number | undefined)[],
  taskBytes: number | undefined,
): Promise<readonly number[]> => {
  const partitions = sizes.map((sizeBytes): SourcePartition<[string, number]> => ({
    records: [['a', 1]],
    steps: [],
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  }))
  const counts: number[] = []
  const rdd = rddOfPartitions(partitions, {
    ...NO_CONTEXT,
    taskBytes,
    tasks: {
      nextStage: () => 1,
      async runStage(stage) {
        counts.push(stage.count)
        await runHere(stage)
      },
    },
  })
  expect(await rdd.collect()).toEqual(sizes.map(() => ['a', 1]))
  expect(await rdd.reduceByKey((a, b) => a + b).collect()).toEqual([['a', sizes.length]])
  return counts
}

test.each([
  { sizes: [10, 10, 10], taskBytes: undefined, tasks: 1 },
  { sizes: [10, 10, 10], taskBytes: 20, tasks: 2 },
  { sizes: [10, 10, 10], taskBytes: 19, tasks: 3 },
  { sizes: [30, 10, 10], taskBytes: 20, tasks: 2 },
  { sizes: [undefined, undefined], taskBytes: 20, tasks: 2 },
])('partitions of $sizes bytes are $tasks tasks of $taskBytes bytes', async (row) => {
  expect(await tasksOver(row.sizes, row.taskBytes)).toEqual([row.tasks, row.tasks, 1])
})
