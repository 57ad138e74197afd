/**
 * Operations that match the pairs of two RDDs by key. All results are sorted by key within each
 * partition. The values of a key keep the order of the left side.
 */
import type { PairKey, PairValue, PairRDD, RDDOfKey } from '../pair-types.ts'
import { type Coded, compareKeys, withPlainKeys } from '../../base/keys.ts'
import { RDD } from '../rdd.ts'
import { grouping } from '../grouping.ts'
import { type ShuffleOptions } from '../shuffle.ts'

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
    cogroup<U>(
      this: PairRDD<T>,
      other: RDDOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, [PairValue<T>[], PairValue<U>[]]]>

    /**
     * Joins each value of this side with each value of the other side that has the same key. Keys
     * that only one side has are left out. On pairs only.
     *
     * @example await ages.join(cities).collect() // [['ann', [31, 'Rome']]]
     */
    join<U>(
      this: PairRDD<T>,
      other: RDDOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, [PairValue<T>, PairValue<U>]]>

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
    leftOuterJoin<U>(
      this: PairRDD<T>,
      other: RDDOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, [PairValue<T>, PairValue<U> | undefined]]>

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
    rightOuterJoin<U>(
      this: PairRDD<T>,
      other: RDDOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, [PairValue<T> | undefined, PairValue<U>]]>

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
    fullOuterJoin<U>(
      this: PairRDD<T>,
      other: RDDOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, [PairValue<T> | undefined, PairValue<U> | undefined]]>

    /**
     * Keeps the pairs of this side whose key the other side does not have. On pairs only.
     *
     * @example await ages.subtractByKey(cities).collect() // [['bob', 27]]
     */
    subtractByKey<U>(
      this: PairRDD<T>,
      other: RDDOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): RDD<[PairKey<T>, PairValue<T>]>
  }
}

type Pairs = RDD<[unknown, unknown]>

/** The other side as pairs: the compiler lets nothing else in. */
const sideOf = <U>(other: RDDOfKey<unknown, U>): RDD<[unknown, PairValue<U>]> =>
  other as unknown as RDD<[unknown, PairValue<U>]>

const cogroup = <K, V, W>(
  one: RDD<[K, V]>,
  other: RDD<[K, W]>,
  { partitions = 1 }: ShuffleOptions = {},
): RDD<[K, [V[], W[]]]> => {
  const left = grouped(one, partitions)
  const right = grouped(other, partitions)
  return one
    .derive<[K, [V[], W[]]]>(left.getNumPartitions(), async () => {
      const rights = await right.partitions()
      return (await left.partitions()).map((groups, partition) =>
        groupBoth(groups, rights[partition] ?? []),
      )
    })
    .keyed()
}

/** Groups by key. Keys stay in the form inside Millrace: they are compared once more. */
const grouped = <K, V>(rdd: RDD<[K, V]>, partitions: number): RDD<[Coded<K>, V[]]> =>
  rdd.shuffle<K, V, V[]>(partitions, { ...grouping<V>(), coded: true })

/** Merges two sides that are in the order of keys. */
const groupBoth = <K, V, W>(
  left: readonly (readonly [Coded<K>, V[]])[],
  right: readonly (readonly [Coded<K>, W[]])[],
): [K, [V[], W[]]][] => {
  const both: [Coded<K>, [V[], W[]]][] = []
  let next = 0
  for (const [key, values] of left) {
    let order = 1
    for (; next < right.length; next++) {
      const [other, others] = right[next] as readonly [Coded<K>, W[]]
      order = compareKeys(other, key)
      if (order >= 0) break
      both.push([other, [[], others]])
    }
    if (order === 0) both.push([key, [values, (right[next++] as readonly [Coded<K>, W[]])[1]]])
    else both.push([key, [values, []]])
  }
  for (; next < right.length; next++) {
    const [other, others] = right[next] as readonly [Coded<K>, W[]]
    both.push([other, [[], others]])
  }
  return withPlainKeys(both)
}

const NONE = [undefined] as const

/** The rows of one key: every left value with every right value. */
const rows = <K, V, W>(key: K, left: readonly V[], right: readonly W[]): [K, [V, W]][] => {
  const all: [K, [V, W]][] = []
  for (const one of left) for (const other of right) all.push([key, [one, other]])
  return all
}

const orNone = <V>(values: readonly V[]): readonly (V | undefined)[] =>
  values.length === 0 ? NONE : values

RDD.prototype.cogroup = function (this: Pairs, other, options) {
  return cogroup(this, sideOf(other), options)
}

RDD.prototype.join = function (this: Pairs, other, options) {
  return cogroup(this, sideOf(other), options).flatMap(([key, [left, right]]) =>
    rows(key, left, right),
  )
}

RDD.prototype.leftOuterJoin = function (this: Pairs, other, options) {
  return cogroup(this, sideOf(other), options).flatMap(([key, [left, right]]) =>
    rows(key, left, orNone(right)),
  )
}

RDD.prototype.rightOuterJoin = function (this: Pairs, other, options) {
  return cogroup(this, sideOf(other), options).flatMap(([key, [left, right]]) =>
    rows(key, orNone(left), right),
  )
}

RDD.prototype.fullOuterJoin = function (this: Pairs, other, options) {
  return cogroup(this, sideOf(other), options).flatMap(([key, [left, right]]) =>
    rows(key, orNone(left), orNone(right)),
  )
}

RDD.prototype.subtractByKey = function (this: Pairs, other, options) {
  return cogroup(this, sideOf(other), options).flatMap(([key, [left, right]]) =>
    right.length === 0 ? left.map((value): [unknown, unknown] => [key, value]) : [],
  )
}
