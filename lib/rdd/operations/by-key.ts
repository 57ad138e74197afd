/**
 * Operations that bring the values of equal keys together. Keys are compared by value. All
 * resulting RDDs are sorted by key within each partition, except that of `partitionBy`.
 */
import type {
  AnyValue,
  Combination,
  MergeCombinations,
  MergeValue,
  PairKey,
  PairValue,
  PairRDD,
} from '../pair-types.ts'
import { checkKey, KeyedMap, partitionOf } from '../../base/keys.ts'
import { refusePromise, synchronous } from '../../base/promises.ts'
import { checkPair } from '../pairs.ts'
import { RDD } from '../rdd.ts'
import { grouping } from '../grouping.ts'
import { checkPartitions, type ShuffleOptions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Reduces the values of each key to one. The result has one pair for each key, sorted by key
     * within each partition. `f` must be associative and commutative. On pairs only. Keys are
     * compared by value.
     *
     * @param options `partitions` of the result: a whole number from 1. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1.
     * @example await pairs.reduceByKey((a, b) => a + b).collect() // [['a', 3], ['b', 3]]
     */
    reduceByKey(
      this: PairRDD<T>,
      f: (a: PairValue<T>, b: PairValue<T>) => PairValue<T>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, PairValue<T>]>

    /**
     * Groups the pairs by key. The result has one pair for each key with all its values, in the
     * order in which they came. On pairs only.
     *
     * @example await pairs.groupByKey().collect() // [['a', [1, 2]], ['b', [3]]]
     */
    groupByKey(this: PairRDD<T>, options?: ShuffleOptions): RDD<[PairKey<T>, PairValue<T>[]]>

    /**
     * Groups the elements by the key that `f` returns for each. The elements of a key are in the
     * order in which they came.
     *
     * @example await numbers.groupBy((n) => n % 2).collect() // [[0, [2]], [1, [1, 3]]]
     */
    groupBy<K extends AnyValue>(f: (element: T) => K, options?: ShuffleOptions): RDD<[K, T[]]>

    /**
     * The general form of all reductions by key. `create` makes a combination from the first value
     * of a key, `mergeValue` adds each further value, and `mergeCombinations` merges the
     * combinations of several partitions. On pairs only.
     *
     * @example
     * ```ts
     * await pairs
     *   .combineByKey(
     *     (n) => [n],
     *     (all, n) => [...all, n],
     *     (a, b) => [...a, ...b],
     *   )
     *   .collect()
     * // [['a', [1, 2]], ['b', [3]]]
     * ```
     */
    combineByKey<C extends AnyValue>(
      this: PairRDD<T>,
      create: (value: PairValue<T>) => C,
      mergeValue: MergeValue<Combination<C>, PairValue<T>>,
      mergeCombinations: MergeCombinations<Combination<C>>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, Combination<C>]>

    /**
     * Like `combineByKey`, but `zero` makes the first combination of each key in each partition. On
     * pairs only. `zero` is a function, so `mergeValue` may change the combination in place.
     *
     * @example
     * ```ts
     * await pairs
     *   .aggregateByKey(
     *     () => 0,
     *     (sum, n) => sum + n,
     *     (a, b) => a + b,
     *   )
     *   .collect()
     * // [['a', 3], ['b', 3]]
     * ```
     */
    aggregateByKey<C extends AnyValue>(
      this: PairRDD<T>,
      zero: () => C,
      mergeValue: MergeValue<Combination<C>, PairValue<T>>,
      mergeCombinations: MergeCombinations<Combination<C>>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, Combination<C>]>

    /**
     * Like `reduceByKey`, but begins with `zero` for each key in each partition. `f` with `zero`
     * must not change the other value. On pairs only.
     *
     * @example await pairs.foldByKey(0, (a, b) => a + b).collect() // [['a', 3], ['b', 3]]
     */
    foldByKey(
      this: PairRDD<T>,
      zero: PairValue<T>,
      f: (a: PairValue<T>, b: PairValue<T>) => PairValue<T>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, PairValue<T>]>

    /**
     * Distributes the pairs over `partitions` partitions, so that all pairs of a key are in one
     * partition. Within a partition, the pairs keep their order. On pairs only.
     *
     * @param partitions How many: a whole number from 1.
     * @param partitionOf The partition of a key, from 0. Default: by the hash of the key.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1;
     * `USER_FUNCTION_FAILED` when `partitionOf` throws or does not return a partition number.
     * @example pairs.partitionBy(4, (key) => key.length % 4).getNumPartitions() // 4
     */
    partitionBy(
      this: PairRDD<T>,
      partitions: number,
      partitionOf?: (key: PairKey<T>) => number,
    ): RDD<[PairKey<T>, PairValue<T>]>

    /**
     * Returns the values of one key, in the order in which they came. A key without pairs gives an
     * empty array. On pairs only.
     *
     * @example await pairs.lookup('a') // [1, 2]
     */
    lookup(this: PairRDD<T>, key: PairKey<T>): Promise<PairValue<T>[]>

    /**
     * Counts the pairs of each key. On pairs only. Keys that are arrays or objects are compared by
     * value, but the resulting `Map` finds them by reference only.
     *
     * @example (await pairs.countByKey()).get('a') // 2
     */
    countByKey(this: PairRDD<T>): Promise<Map<PairKey<T>, number>>

    /**
     * Counts how often each value occurs. Values are compared by value, like keys.
     *
     * @example (await words.countByValue()).get('be') // 2
     */
    countByValue(): Promise<Map<T, number>>

    /**
     * Returns the pairs as a `Map`. If a key has several values, the last one counts. On pairs
     * only.
     *
     * @example (await pairs.collectAsMap()).get('a') // 2
     */
    collectAsMap(this: PairRDD<T>): Promise<Map<PairKey<T>, PairValue<T>>>
  }
}

RDD.prototype.reduceByKey = function <K, V>(
  this: RDD<[K, V]>,
  f: (a: V, b: V) => V,
  { partitions = 1 }: ShuffleOptions = {},
) {
  const reduce = (a: V, b: V): V => refusePromise(f(a, b))
  return this.shuffle<K, V, V>(partitions, {
    create: (value) => value,
    add: reduce,
    merge: reduce,
  })
}

RDD.prototype.groupByKey = function <K, V>(
  this: RDD<[K, V]>,
  { partitions = 1 }: ShuffleOptions = {},
) {
  return this.shuffle<K, V, V[]>(partitions, grouping())
}

RDD.prototype.groupBy = function <T, K>(
  this: RDD<T>,
  f: (element: T) => K,
  options: ShuffleOptions = {},
) {
  return this.map((element): [K, T] => [refusePromise(f(element)), element]).groupByKey(options)
}

const combine = <K, V, C>(
  rdd: RDD<[K, V]>,
  create: (value: V) => C,
  mergeValue: MergeValue<C, V>,
  mergeCombinations: MergeCombinations<C>,
  { partitions = 1 }: ShuffleOptions = {},
): RDD<[K, C]> => {
  return rdd.shuffle<K, V, C>(partitions, {
    create: synchronous(create),
    add: synchronous(mergeValue),
    merge: synchronous(mergeCombinations),
  })
}

RDD.prototype.combineByKey = function <C>(
  this: RDD<[unknown, unknown]>,
  create: (value: unknown) => C,
  mergeValue: MergeValue<Combination<C>, unknown>,
  mergeCombinations: MergeCombinations<Combination<C>>,
  options?: ShuffleOptions,
) {
  const first = create as (value: unknown) => Combination<C>
  return combine(this, first, mergeValue, mergeCombinations, options)
}

RDD.prototype.aggregateByKey = function <C>(
  this: RDD<[unknown, unknown]>,
  zero: () => C,
  mergeValue: MergeValue<Combination<C>, unknown>,
  mergeCombinations: MergeCombinations<Combination<C>>,
  options?: ShuffleOptions,
) {
  const first = (value: unknown): Combination<C> => mergeValue(zero() as Combination<C>, value)
  return combine(this, first, mergeValue, mergeCombinations, options)
}

RDD.prototype.foldByKey = function (zero, f, options) {
  return combine(this as RDD<[unknown, unknown]>, (value) => f(zero, value), f, f, options)
}

RDD.prototype.partitionBy = function <K, V>(
  this: RDD<[K, V]>,
  partitions: number,
  choose?: (key: K) => number,
) {
  const count = checkPartitions(partitions)
  const placeOf = (key: K): number =>
    choose === undefined ? placeByHash(key, count) : placeBy(choose, key, count)
  const placed = this.map((pair): Placed<K, V> => [placeOf(checkPair(pair)[0]), pair])
  return this.derive<[K, V]>(count, async () => {
    const parts = Array.from({ length: count }, (): [K, V][] => [])
    for (const [place, pair] of await placed.collect()) parts[place]?.push(pair)
    return parts
  })
}

RDD.prototype.lookup = async function <K, V>(this: RDD<[K, V]>, key: K) {
  const found = new KeyedMap<K, V[]>()
  found.set(key, [])
  await this.foreach(([other, value]) => found.get(other)?.push(value))
  return found.get(key) ?? []
}

RDD.prototype.countByKey = async function <K, V>(this: RDD<[K, V]>) {
  return this.map(([key]) => key).countByValue()
}

RDD.prototype.countByValue = async function <T>(this: RDD<T>) {
  const counts = this.mapToPair((value) => [value, 1]).reduceByKey((a, b) => a + b)
  return new Map(await counts.collect())
}

RDD.prototype.collectAsMap = async function <K, V>(this: RDD<[K, V]>) {
  return new Map(await this.reduceByKey((_, last) => last).collect())
}

type Placed<K, V> = readonly [place: number, pair: [K, V]]

const placeByHash = (key: unknown, count: number): number => {
  checkKey(key)
  return partitionOf(key, count)
}

const placeBy = <K>(choose: (key: K) => number, key: K, count: number): number => {
  const place = refusePromise(choose(key))
  if (Number.isInteger(place) && place >= 0 && place < count) return place
  throw new RangeError(
    `partitionBy() needs a whole number from 0 to ${count - 1}, but got ${String(place)}`,
  )
}
