/** Operations on RDDs as collections. Elements are compared by value, like keys. */
import { MillraceError } from '../../base/errors.ts'
import { RDD } from '../rdd.ts'
import type { ShuffleOptions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Keeps each different element once, sorted within each partition.
     *
     * @param options `partitions` of the result: a whole number from 1. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1.
     * @example await parallelize([2, 1, 2]).distinct().collect() // [1, 2]
     */
    distinct(options?: ShuffleOptions): RDD<T>

    /**
     * Keeps the elements that the other RDD does not have, as often as they occur here, sorted
     * within each partition.
     *
     * @example await parallelize([3, 1, 1, 2]).subtract(parallelize([2])).collect() // [1, 1, 3]
     */
    subtract(other: RDD<T>, options?: ShuffleOptions): RDD<T>

    /**
     * Keeps the elements that both RDDs have, each once, sorted within each partition.
     *
     * @example await parallelize([3, 1, 1]).intersection(parallelize([1, 2])).collect() // [1]
     */
    intersection(other: RDD<T>, options?: ShuffleOptions): RDD<T>

    /**
     * Pairs every element of this RDD with every element of the other.
     *
     * @example
     * ```ts
     * await parallelize([1, 2])
     *   .cartesian(parallelize(['a']))
     *   .collect()
     * // [[1, 'a'], [2, 'a']]
     * ```
     */
    cartesian<U>(other: RDD<U>): RDD<[T, U]>

    /**
     * Pairs the elements of both RDDs by position. Both must have the same number of partitions,
     * and the same number of elements in each partition.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when these numbers differ.
     * @example
     * ```ts
     * await parallelize([1, 2])
     *   .zip(parallelize(['a', 'b']))
     *   .collect()
     * // [[1, 'a'], [2, 'b']]
     * ```
     */
    zip<U>(other: RDD<U>): RDD<[T, U]>

    /**
     * Pairs each element with its position in the RDD, from 0.
     *
     * @example await parallelize(['a', 'b']).zipWithIndex().collect() // [['a', 0], ['b', 1]]
     */
    zipWithIndex(): RDD<[T, number]>
  }
}

RDD.prototype.distinct = function <T>(this: RDD<T>, options: ShuffleOptions = {}) {
  return this.map((element): [T, null] => [element, null])
    .reduceByKey((a) => a, options)
    .keys()
}

RDD.prototype.subtract = function <T>(this: RDD<T>, other: RDD<T>, options: ShuffleOptions = {}) {
  const alone = (element: T): [T, null] => [element, null]
  return this.map(alone).subtractByKey(other.map(alone), options).keys()
}

RDD.prototype.intersection = function <T>(
  this: RDD<T>,
  other: RDD<T>,
  options: ShuffleOptions = {},
) {
  const alone = (element: T): [T, null] => [element, null]
  return this.map(alone)
    .cogroup(other.map(alone), options)
    .filter(([, [left, right]]) => left.length > 0 && right.length > 0)
    .keys()
}

RDD.prototype.cartesian = function <T, U>(this: RDD<T>, other: RDD<U>) {
  return this.derive<[T, U]>(this.getNumPartitions() * other.getNumPartitions(), async () => {
    const others = await other.partitions()
    return (await this.partitions()).flatMap((left) =>
      others.map((right) => left.flatMap((one) => right.map((another): [T, U] => [one, another]))),
    )
  })
}

RDD.prototype.zip = function <T, U>(this: RDD<T>, other: RDD<U>) {
  if (this.getNumPartitions() !== other.getNumPartitions())
    throw unequal('partitions', this.getNumPartitions(), other.getNumPartitions())
  return this.derive<[T, U]>(this.getNumPartitions(), async () => {
    const rights = await other.partitions()
    return (await this.partitions()).map((left, partition) => {
      const right = rights[partition] ?? []
      if (left.length !== right.length)
        throw unequal(`elements in partition ${partition}`, left.length, right.length)
      return left.map((one, index): [T, U] => [one, right[index] as U])
    })
  })
}

const unequal = (what: string, left: number, right: number): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: `zip() needs two RDDs with the same number of ${what}`,
    value: `${left} and ${right}`,
    fix: 'zip only RDDs where one was made from the other with map(), or join by a key',
  })

RDD.prototype.zipWithIndex = function <T>(this: RDD<T>) {
  return this.derive<[T, number]>(this.getNumPartitions(), async () => {
    let next = 0
    return (await this.partitions()).map((elements) =>
      elements.map((element): [T, number] => [element, next++]),
    )
  })
}
