/**
 * Operations on the pairs of two datasets under equal keys. All results are in the order of keys,
 * and left values come in their order.
 */
import { KeyedMap } from '../../base/keys.ts'
import { RDD } from '../rdd.ts'
import type { ShuffleOptions } from '../shuffle.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * For each key on either side, the values of both sides; a side without the key has an empty
     * list. On pairs only.
     *
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
     * Each value of this side with each value of the other under the same key. On pairs only.
     *
     * @example await ages.join(cities).collect() // [['ann', [31, 'Rome']]]
     */
    join<K, V, W>(this: RDD<[K, V]>, other: RDD<[K, W]>, options?: ShuffleOptions): RDD<[K, [V, W]]>

    /**
     * As `join`, with the pairs of this side that have no other: there the right value is
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
     * As `join`, with the pairs of the other side that have none here: there the left value is
     * undefined. On pairs only.
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
     * As `join`, with the pairs of both sides that have no other: there that side's value is
     * undefined. On pairs only.
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
     * The pairs of this side whose key the other side does not have. On pairs only.
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
  })
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

/** The rows of one key: every left value beside every right one. */
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
