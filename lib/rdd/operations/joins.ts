/**
 * Operations that match the pairs of two RDDs by key. All results are sorted by key within each
 * partition. The values of a key keep the order of the left side.
 */
import { KeyedMap } from '../../base/keys.ts'
import { RDD } from '../rdd.ts'
import type { ShuffleOptions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Groups the pairs of both RDDs by key. The result has one pair for each key of either side,
     * with the values of this side and the values of the other side. A side without the key has an
     * empty list. On pairs only.
     *
     * @param options `partitions` of the result: a whole number from 1. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1.
     * @example
     * ```ts
     * await ages.cogroup(cities).collect()
     * // [['ann', [[31], ['Rome']]], ['bob', [[27], []]]]
     * ```
     */
    cogroup<K, V, W>(
      this: RDD<[K, V]>,
      other: RDD<[K, W]>,
      options?: ShuffleOptions,
    ): RDD<[K, [V[], W[]]]>

    /**
     * Joins each value of this side with each value of the other side that has the same key. Keys
     * that only one side has are left out. On pairs only.
     *
     * @example await ages.join(cities).collect() // [['ann', [31, 'Rome']]]
     */
    join<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>, options?: ShuffleOptions): RDD<[K, [V, W]]>

    /**
     * Like `join`, but keeps the pairs of this side that have no match: their right value is
     * undefined. On pairs only.
     *
     * @example
     * ```ts
     * await ages.leftOuterJoin(cities).collect()
     * // [['ann', [31, 'Rome']], ['bob', [27, undefined]]]
     * ```
     */
    leftOuterJoin<K, V, W>(
      this: RDD<[K, V]>,
      other: RDD<[K, W]>,
      options?: ShuffleOptions,
    ): RDD<[K, [V, W | undefined]]>

    /**
     * Like `join`, but keeps the pairs of the other side that have no match here: their left value
     * is undefined. On pairs only.
     *
     * @example
     * ```ts
     * await cities.rightOuterJoin(ages).collect()
     * // [['ann', ['Rome', 31]], ['bob', [undefined, 27]]]
     * ```
     */
    rightOuterJoin<K, V, W>(
      this: RDD<[K, V]>,
      other: RDD<[K, W]>,
      options?: ShuffleOptions,
    ): RDD<[K, [V | undefined, W]]>

    /**
     * Like `join`, but keeps the pairs of both sides that have no match: the value of the missing
     * side is undefined. On pairs only.
     *
     * @example
     * ```ts
     * await ages.fullOuterJoin(cities).collect()
     * // [['ann', [31, 'Rome']], ['bob', [27, undefined]]]
     * ```
     */
    fullOuterJoin<K, V, W>(
      this: RDD<[K, V]>,
      other: RDD<[K, W]>,
      options?: ShuffleOptions,
    ): RDD<[K, [V | undefined, W | undefined]]>

    /**
     * Keeps the pairs of this side whose key the other side does not have. On pairs only.
     *
     * @example await ages.subtractByKey(cities).collect() // [['bob', 27]]
     */
    subtractByKey<K, V, W>(
      this: RDD<[K, V]>,
      other: RDD<[K, W]>,
      options?: ShuffleOptions,
    ): RDD<[K, V]>
  }
}

RDD.prototype.cogroup = function <K, V, W>(
  this: RDD<[K, V]>,
  other: RDD<[K, W]>,
  options: ShuffleOptions = {},
) {
  const left = this.groupByKey(options)
  const right = other.groupByKey(options)
  return this.derive<[K, [V[], W[]]]>(left.getNumPartitions(), async () => {
    const rights = await right.partitions()
    return (await left.partitions()).map((groups, partition) =>
      groupBoth(groups, rights[partition] ?? []),
    )
  }).keyed()
}

const groupBoth = <K, V, W>(
  left: readonly (readonly [K, V[]])[],
  right: readonly (readonly [K, W[]])[],
): [K, [V[], W[]]][] => {
  const both = new KeyedMap<K, [V[], W[]]>()
  for (const [key, values] of left) both.set(key, [values, []])
  for (const [key, values] of right) both.set(key, [both.get(key)?.[0] ?? [], values])
  return both.sortedEntries()
}

const NONE = [undefined] as const

/** The rows of one key: every left value with every right value. */
const rows = <K, V, W>(key: K, left: readonly V[], right: readonly W[]): [K, [V, W]][] =>
  left.flatMap((one) => right.map((other): [K, [V, W]] => [key, [one, other]]))

const orNone = <V>(values: readonly V[]): readonly (V | undefined)[] =>
  values.length === 0 ? NONE : values

RDD.prototype.join = function <K, V, W>(
  this: RDD<[K, V]>,
  other: RDD<[K, W]>,
  options: ShuffleOptions = {},
) {
  return this.cogroup(other, options).flatMap(([key, [left, right]]) => rows(key, left, right))
}

RDD.prototype.leftOuterJoin = function <K, V, W>(
  this: RDD<[K, V]>,
  other: RDD<[K, W]>,
  options: ShuffleOptions = {},
) {
  return this.cogroup(other, options).flatMap(([key, [left, right]]) =>
    rows(key, left, orNone(right)),
  )
}

RDD.prototype.rightOuterJoin = function <K, V, W>(
  this: RDD<[K, V]>,
  other: RDD<[K, W]>,
  options: ShuffleOptions = {},
) {
  return this.cogroup(other, options).flatMap(([key, [left, right]]) =>
    rows(key, orNone(left), right),
  )
}

RDD.prototype.fullOuterJoin = function <K, V, W>(
  this: RDD<[K, V]>,
  other: RDD<[K, W]>,
  options: ShuffleOptions = {},
) {
  return this.cogroup(other, options).flatMap(([key, [left, right]]) =>
    rows(key, orNone(left), orNone(right)),
  )
}

RDD.prototype.subtractByKey = function <K, V, W>(
  this: RDD<[K, V]>,
  other: RDD<[K, W]>,
  options: ShuffleOptions = {},
) {
  return this.cogroup(other, options).flatMap(([key, [left, right]]) =>
    right.length === 0 ? left.map((value): [K, V] => [key, value]) : [],
  )
}
