/** Operations that work on each element or each partition alone. */
import type { AnyValue, PairKey, PairValue, PairRDD } from '../pair-types.ts'
import { refusePromise } from '../../base/promises.ts'
import { addingAt } from '../adds/place-adds.ts'
import { userFunctionError } from '../bad-records.ts'
import { checkPair } from '../pairs.ts'
import type { PartitionFunction } from '../partition-function.ts'
import { RDD } from '../rdd.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Makes one new element from each element.
     *
     * @example await parallelize([1, 2]).map((n) => n * 2).collect() // [2, 4]
     */
    map<U extends AnyValue>(f: (element: T) => U): RDD<U>

    /**
     * Keeps the elements of one type, if `keep` tells them apart.
     *
     * @example await parallelize([1, undefined]).filter((n) => n !== undefined).collect() // [1]
     */
    filter<S extends T>(keep: (element: T) => element is S): RDD<S>

    /**
     * Keeps the elements for which `keep` returns true.
     *
     * @example await parallelize([1, 2]).filter((n) => n > 1).collect() // [2]
     */
    filter(keep: (element: T) => boolean): RDD<T>

    /**
     * Makes any number of new elements from each element, in order.
     *
     * @example
     * ```ts
     * await parallelize(['to be'])
     *   .flatMap((line) => line.split(' '))
     *   .collect()
     * // ['to', 'be']
     * ```
     */
    flatMap<U extends AnyValue>(f: (element: T) => Iterable<U>): RDD<U>

    /**
     * Like {@link map}, but makes pairs of a key and a value.
     *
     * @example await parallelize(['a']).mapToPair((word) => [word, 1]).collect() // [['a', 1]]
     */
    mapToPair<K extends AnyValue, V extends AnyValue>(
      f: (element: T) => readonly [key: K, value: V],
    ): RDD<[K, V]>

    /**
     * Replaces the value of each pair by `f(value)` and keeps the key. On pairs only.
     *
     * @example
     * ```ts
     * await parallelize([['a', 1]])
     *   .mapValues((n) => n + 1)
     *   .collect()
     * // [['a', 2]]
     * ```
     */
    mapValues<W extends AnyValue>(
      this: PairRDD<T>,
      f: (value: PairValue<T>) => W,
    ): RDD<[PairKey<T>, W]>

    /**
     * Makes any number of pairs from each pair: one for each value that `f` returns, with the same
     * key. On pairs only.
     *
     * @example
     * ```ts
     * await parallelize([['a', 1]])
     *   .flatMapValues((n) => [n, n])
     *   .collect()
     * // [['a', 1], ['a', 1]]
     * ```
     */
    flatMapValues<W extends AnyValue>(
      this: PairRDD<T>,
      f: (value: PairValue<T>) => Iterable<W>,
    ): RDD<[PairKey<T>, W]>

    /**
     * Calls `f` once for each partition, also for empty ones, and takes what it returns as the new
     * partition. `f` may be async. It must not use the elements after it has returned.
     *
     * @throws MillraceError `USER_FUNCTION_FAILED` when the result is computed and `f` throws.
     * @example
     * ```ts
     * await parallelize([1, 2, 3])
     *   .mapPartitions((part) => [[...part].length])
     *   .collect()
     * // [3]
     * ```
     */
    mapPartitions<U extends AnyValue>(f: PartitionFunction<T, U>): RDD<U>

    /**
     * Like `mapPartitions`, and `f` also gets the number of the partition, from 0.
     *
     * @example
     * ```ts
     * await parallelize([1, 2], { partitions: 2 })
     *   .mapPartitionsWithIndex((part, i) => [[i, ...part]])
     *   .collect()
     * // [[0, 1], [1, 2]]
     * ```
     */
    mapPartitionsWithIndex<U extends AnyValue>(
      f: (elements: Iterable<T>, index: number) => Iterable<U> | Promise<Iterable<U>>,
    ): RDD<U>

    /**
     * Makes a pair from each element: the key that `f` returns, and the element.
     *
     * @example await numbers.keyBy((n) => n % 2).collect() // [[1, 1], [0, 2], [1, 3]]
     */
    keyBy<K extends AnyValue>(f: (element: T) => K): RDD<[K, T]>

    /**
     * The keys of all pairs. A key of several pairs occurs several times. On pairs only.
     *
     * @example await pairs.keys().collect() // ['a', 'a', 'b']
     */
    keys(this: PairRDD<T>): RDD<PairKey<T>>

    /**
     * The values of all pairs. On pairs only.
     *
     * @example await pairs.values().collect() // [1, 2, 3]
     */
    values(this: PairRDD<T>): RDD<PairValue<T>>

    /**
     * Makes one array from each partition, with the elements of the partition.
     *
     * @example await parallelize([1, 2, 3], { partitions: 2 }).glom().collect() // [[1], [2, 3]]
     */
    glom(): RDD<T[]>
  }
}

RDD.prototype.map = function (f) {
  return this.narrow('map', f)
}

RDD.prototype.filter = function (this: RDD<unknown>, keep: (element: unknown) => boolean) {
  return this.narrow<never>('filter', keep)
}

RDD.prototype.flatMap = function (f) {
  return this.narrow('flatMap', f)
}

RDD.prototype.mapToPair = function <T, K, V>(this: RDD<T>, f: (element: T) => readonly [K, V]) {
  return this.narrow<[K, V]>('map', (element) => checkPair(f(element)))
}

RDD.prototype.mapValues = function (this: RDD<[unknown, unknown]>, f) {
  return this.map((pair) => {
    const [key, value] = checkPair(pair)
    return [key, refusePromise(f(value))]
  })
}

RDD.prototype.flatMapValues = function <K, V, W>(this: RDD<[K, V]>, f: (value: V) => Iterable<W>) {
  return this.flatMap((pair) => {
    const [key, value] = checkPair(pair)
    return Array.from(refusePromise(f(value)), (one): [K, W] => [key, one])
  })
}

RDD.prototype.mapPartitions = function (f) {
  return this.mapPartitionsWithIndex(f)
}

RDD.prototype.mapPartitionsWithIndex = function (f) {
  const { label, adds } = this
  const number = adds?.nextNumber(label)
  return this.derive(this.getNumPartitions(), () =>
    this.ofEach(async (index, until) => {
      const elements = await this.elements(index, until)
      const place = { node: label, number: number ?? 0, partition: index }
      try {
        return await addingAt(adds, place, async () => [...(await f(elements, index))])
      } catch (error) {
        throw userFunctionError({
          label,
          record: `partition ${index} of ${elements.length} elements`,
          error,
        })
      }
    }),
  )
}

RDD.prototype.keyBy = function (f) {
  return this.mapToPair((element) => [refusePromise(f(element)), element])
}

RDD.prototype.keys = function (this: RDD<[unknown, unknown]>) {
  return this.map((pair) => checkPair(pair)[0])
}

RDD.prototype.values = function (this: RDD<[unknown, unknown]>) {
  return this.map((pair) => checkPair(pair)[1])
}

RDD.prototype.glom = function <T>(this: RDD<T>) {
  return this.derive(this.getNumPartitions(), async () =>
    (await this.partitions()).map((elements) => [[...elements]]),
  )
}
