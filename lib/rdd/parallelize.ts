import './operations/all.ts'
import type { AnyValue } from './pair-types.ts'
import { rddOfElements, type RDD } from './rdd.ts'
import { checkPartitions, type ShuffleOptions } from './shuffle.ts'

/**
 * An RDD of elements in memory, split into `partitions` (default 1) of nearly equal length.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number above zero.
 * @example
 * ```ts
 * await parallelize([1, 2, 3, 4], { partitions: 2 }).map((n) => n * n).collect() // [1, 4, 9, 16]
 * ```
 */
export const parallelize = <T extends AnyValue>(
  elements: Iterable<T>,
  { partitions = 1 }: ShuffleOptions = {},
): RDD<T> => {
  checkPartitions(partitions)
  const all = Array.isArray(elements) ? (elements as readonly T[]) : [...elements]
  const startOf = (index: number): number => Math.floor((index * all.length) / partitions)
  return rddOfElements(
    Array.from({ length: partitions }, (_, index) =>
      partitions === 1 ? all : all.slice(startOf(index), startOf(index + 1)),
    ),
  )
}
