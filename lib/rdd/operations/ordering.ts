/** Operations that depend on the order of elements: the natural order, or the user's comparison. */
import type { PairKey, PairValue, PairRDD } from '../pair-types.ts'
import { type Comparison, compareNatural } from '../../base/order.ts'
import { refusePromise } from '../../base/promises.ts'
import { Least } from '../../base/least.ts'
import { checkPartitions, type ShuffleOptions } from '../shuffle.ts'
import { RDD } from '../rdd.ts'
import { emptyRddError } from './actions.ts'

/**
 * Settings of operations that sort.
 *
 * @example await numbers.sortBy((n) => n, { ascending: false }).collect() // [3, 2, 1]
 */
export interface SortOptions extends ShuffleOptions {
  /** Default true. */
  readonly ascending?: boolean
}

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Sorts the elements by what `f` returns for them. Elements with equal values keep their order.
     * Numbers are ordered by size, dates by time, strings by UTF-16 code units, arrays element by
     * element. Each partition of the result holds a range; equal elements are in one partition.
     *
     * @param options `ascending`, default true, and `partitions` of the result, default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1.
     * @example
     * ```ts
     * await parallelize(['to', 'not', 'a'])
     *   .sortBy((word) => word.length, { ascending: false })
     *   .collect()
     * // ['not', 'to', 'a']
     * ```
     */
    sortBy<K>(f: (element: T) => K, options?: SortOptions): RDD<T>

    /**
     * Sorts the pairs by key. Pairs with equal keys keep their order. On pairs only.
     *
     * @example
     * ```ts
     * await pairs.sortByKey({ ascending: false }).collect()
     * // [['b', 3], ['a', 1], ['a', 2]]
     * ```
     */
    sortByKey(this: PairRDD<T>, options?: SortOptions): RDD<[PairKey<T>, PairValue<T>]>

    /**
     * Returns the largest elements, at most `count`, the largest first.
     *
     * @param compare Default: the natural order, as in {@link sortBy}.
     * @example await parallelize([1, 3, 2]).top(2) // [3, 2]
     */
    top(count: number, compare?: Comparison<T>): Promise<T[]>

    /**
     * Returns the smallest elements, at most `count`, the smallest first.
     *
     * @param compare Default: the natural order, as in {@link sortBy}.
     * @example await parallelize([1, 3, 2]).takeOrdered(2) // [1, 2]
     */
    takeOrdered(count: number, compare?: Comparison<T>): Promise<T[]>

    /**
     * Returns the largest element. If several are equal, the first of them.
     *
     * @param compare Default: the natural order, as in {@link sortBy}.
     * @throws MillraceError `ARGUMENT_INVALID` when the RDD is empty, as in Spark.
     * @example await parallelize([1, 3, 2]).max() // 3
     */
    max(compare?: Comparison<T>): Promise<T>

    /**
     * Returns the smallest element. If several are equal, the first of them.
     *
     * @param compare Default: the natural order, as in {@link sortBy}.
     * @throws MillraceError `ARGUMENT_INVALID` when the RDD is empty, as in Spark.
     * @example await parallelize([1, 3, 2]).min() // 1
     */
    min(compare?: Comparison<T>): Promise<T>
  }
}

RDD.prototype.sortBy = function <T, K>(
  this: RDD<T>,
  f: (element: T) => K,
  { ascending = true, partitions = 1 }: SortOptions = {},
) {
  const count = checkPartitions(partitions)
  return this.derive<T>(count, async () => {
    const elements = (
      await this.map((element) => ({ element, by: refusePromise(f(element)) })).collect()
    ).toSorted((a, b) => (ascending ? compareNatural(a.by, b.by) : compareNatural(b.by, a.by)))
    // As in Spark, a partition holds a range: equal elements are never in two partitions.
    const isCut = (index: number): boolean =>
      index === 0 ||
      index >= elements.length ||
      compareNatural(elements[index - 1]?.by, elements[index]?.by) !== 0
    const cutAt = (part: number): number => {
      let index = Math.floor((part * elements.length) / count)
      while (!isCut(index)) index += 1
      return index
    }
    return Array.from({ length: count }, (_, part) =>
      elements.slice(cutAt(part), cutAt(part + 1)).map(({ element }) => element),
    )
  })
}

RDD.prototype.sortByKey = function <K, V>(this: RDD<[K, V]>, options: SortOptions = {}) {
  return this.sortBy(([key]) => key, options)
}

RDD.prototype.top = async function <T>(
  this: RDD<T>,
  count: number,
  compare: Comparison<T> = compareNatural,
) {
  return this.takeOrdered(count, (a, b) => compare(b, a))
}

RDD.prototype.takeOrdered = async function <T>(
  this: RDD<T>,
  count: number,
  compare: Comparison<T> = compareNatural,
) {
  const least = new Least<T>(count, (a, b) => refusePromise(compare(a, b)))
  for (let index = 0; index < this.getNumPartitions(); index++)
    for (const element of await this.elements(index)) least.add(element)
  return least.sorted()
}

RDD.prototype.max = async function <T>(this: RDD<T>, compare: Comparison<T> = compareNatural) {
  return extreme(this, 'max', (a, b) => (compare(b, a) > 0 ? b : a))
}

RDD.prototype.min = async function <T>(this: RDD<T>, compare: Comparison<T> = compareNatural) {
  return extreme(this, 'min', (a, b) => (compare(b, a) < 0 ? b : a))
}

const extreme = async <T>(rdd: RDD<T>, action: string, better: (a: T, b: T) => T): Promise<T> => {
  let best: readonly [element: T] | undefined
  for (let index = 0; index < rdd.getNumPartitions(); index++)
    for (const element of await rdd.elements(index))
      best = [best === undefined ? element : refusePromise(better(best[0], element))]
  if (best === undefined) throw emptyRddError(action, 'check isEmpty() first')
  return best[0]
}
