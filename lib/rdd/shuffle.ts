/**
 * A shuffle has two sides. The map side combines values by key within some partitions. The reduce
 * side merges the results. See tasks.ts for who computes them.
 */
import { MillraceError } from '../base/errors.ts'
import { bucketsOf, combineGroup } from './combine.ts'
import { CombinedMap, Unmergeable } from './combined-map.ts'
import { groupsOf } from './groups.ts'
import { mergedByPartition } from './merge-keys.ts'
import type { Bucket, Shuffle, ShuffleInput } from './shuffle-types.ts'

/**
 * Settings of operations that shuffle.
 *
 * @example pairs.reduceByKey((a, b) => a + b, { partitions: 2 })
 */
export interface ShuffleOptions {
  /** How many partitions the result has. Default 1. */
  readonly partitions?: number
}

/**
 * Checks the number of partitions of a new RDD. An RDD without partitions would lose all its
 * elements.
 */
export const checkPartitions = (partitions: number): number => {
  if (Number.isInteger(partitions) && partitions >= 1) return partitions
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'An RDD needs at least one partition',
    value: partitions,
    allowed: 'a whole number, 1 or more',
  })
}

/**
 * Brings equal keys together. Returns one bucket for each partition after the shuffle.
 *
 * Small partitions are combined together, as one task. Which ones follows from their sizes alone,
 * so that the values of a key are reduced in the same order wherever the tasks run (B3). What the
 * tasks give is merged in their order as it comes, and sorted once, at the end.
 *
 * If two of these results cannot be merged, all is done again partition by partition: so the bad
 * key is found. That needs more memory, and is rare.
 */
export const shuffled = async <K, V, W>(
  input: ShuffleInput<K, V>,
  shuffle: Shuffle<V, W>,
): Promise<readonly Bucket<K, W>[]> => {
  try {
    return await mergedAsTheyCome(input, shuffle)
  } catch (error) {
    if (error instanceof Unmergeable) return mergedByPartition(input, shuffle)
    throw error
  }
}

const mergedAsTheyCome = async <K, V, W>(
  input: ShuffleInput<K, V>,
  shuffle: Shuffle<V, W>,
): Promise<readonly Bucket<K, W>[]> => {
  const { tasks, number, elsewhere, pause, partitionCount, sizeOf, taskBytes } = input
  const groups = groupsOf(partitionCount, sizeOf, taskBytes)
  const merged = new CombinedMap<K, V, W>(shuffle)
  const groupAt = (index: number): readonly number[] => groups[index] as readonly number[]
  await tasks.runStage({
    node: shuffle.label,
    side: 'map',
    number,
    count: groups.length,
    elsewhere,
    here: (index) => combineGroup(input, shuffle, groupAt(index), merged, undefined),
    pack: async (index) => {
      const own = new CombinedMap<K, V, W>(shuffle)
      const group = groupAt(index)
      await combineGroup(input, shuffle, group, own, group.at(-1))
      return own.entries()
    },
    take: (entries) => merged.take(entries as Iterable<Bucket<K, W>[number]>, pause),
    takenSoFar: () => merged.entries(),
    gave: () => merged.size,
  })
  return bucketsOf(merged.sorted(), shuffle.partitions)
}
