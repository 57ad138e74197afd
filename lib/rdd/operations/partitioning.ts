import { RDD } from '../rdd.ts'
import { checkPartitions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Distributes the elements over exactly `partitions` partitions, in turn.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1.
     * @example parallelize([1, 2, 3]).repartition(3).getNumPartitions() // 3
     */
    repartition(partitions: number): RDD<T>

    /**
     * Joins neighbouring partitions, so that there are at most `partitions`. The elements keep
     * their order.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1.
     * @example parallelize([1, 2, 3], { partitions: 3 }).coalesce(1).getNumPartitions() // 1
     */
    coalesce(partitions: number): RDD<T>
  }
}

RDD.prototype.repartition = function <T>(this: RDD<T>, partitions: number) {
  const count = checkPartitions(partitions)
  return this.derive<T>(count, async () => {
    const parts = Array.from({ length: count }, (): T[] => [])
    ;(await this.collect()).forEach((element, index) => parts[index % count]?.push(element))
    return parts
  })
}

RDD.prototype.coalesce = function <T>(this: RDD<T>, partitions: number) {
  const before = this.getNumPartitions()
  const count = Math.min(checkPartitions(partitions), before)
  if (count === before) return this
  return this.derive<T>(count, async () => {
    const parts = await this.partitions()
    const cut = (index: number): number => Math.floor((index * before) / count)
    return Array.from(
      { length: count },
      (_, index) => parts.slice(cut(index), cut(index + 1)).flat(1) as T[],
    )
  })
}
