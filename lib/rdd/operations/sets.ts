/** Operations on datasets as collections. Elements are compared as keys are: by value. */
import { MillraceError } from '../../base/errors.ts'
import { RDD } from '../rdd.ts'
import type { ShuffleOptions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Each element once, in the order of keys.
     *
     * @example await parallelize([2, 1, 2]).distinct().collect() // [1, 2]
     */
    distinct(options?: ShuffleOptions): RDD<T>

    /**
     * The elements that the other dataset does not have, as often as they are here, in the order of
     * keys.
     *
     * @example await parallelize([3, 1, 1, 2]).subtract(parallelize([2])).collect() // [1, 1, 3]
     */
    subtract(other: RDD<T>, options?: ShuffleOptions): RDD<T>

    /**
     * The elements that both datasets have, each once, in the order of keys.
     *
     * @example await parallelize([3, 1, 1]).intersection(parallelize([1, 2])).collect() // [1]
     */
    intersection(other: RDD<T>, options?: ShuffleOptions): RDD<T>

    /**
     * Every element of this dataset with every one of the other.
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
     * The elements of both datasets side by side. Both must have as many partitions, with as many
     * elements each.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when they have not.
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
     * Each element with its place in the dataset, from 0.
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
    problem: `zip() needs two datasets with as many ${what}`,
    value: `${left} and ${right}`,
    fix: 'zip only datasets of which one was made from the other with map(), or join by a key',
  })

RDD.prototype.zipWithIndex = function <T>(this: RDD<T>) {
  return this.derive<[T, number]>(this.getNumPartitions(), async () => {
    let next = 0
    return (await this.partitions()).map((elements) =>
      elements.map((element): [T, number] => [element, next++]),
    )
  })
}
