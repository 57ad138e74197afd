/**
 * Operations that look at the order of elements: the natural one, or a comparison of the user's.
 */
import { type Comparison, compareNatural } from '../../base/order.ts'
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
     * The elements in the order of what `f` gives for them; equal ones stay in their order. Values
     * are ordered as people expect: numbers by size, dates by time, strings by UTF-16 units, arrays
     * element by element.
     *
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
     * The pairs in the order of their keys; on pairs only.
     *
     * @example
     * ```ts
     * await pairs.sortByKey({ ascending: false }).collect()
     * // [['b', 3], ['a', 1], ['a', 2]]
     * ```
     */
    sortByKey<K, V>(this: RDD<[K, V]>, options?: SortOptions): RDD<[K, V]>

    /**
     * The largest elements, `count` at most, the largest first.
     *
     * @example await parallelize([1, 3, 2]).top(2) // [3, 2]
     */
    top(count: number, compare?: Comparison<T>): Promise<T[]>

    /**
     * The smallest elements, `count` at most, the smallest first.
     *
     * @example await parallelize([1, 3, 2]).takeOrdered(2) // [1, 2]
     */
    takeOrdered(count: number, compare?: Comparison<T>): Promise<T[]>

    /**
     * The largest element; of equal ones the first.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when there is none, as in Spark.
     * @example await parallelize([1, 3, 2]).max() // 3
     */
    max(compare?: Comparison<T>): Promise<T>

    /**
     * The smallest element; of equal ones the first.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when there is none, as in Spark.
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
      await this.map((element) => ({ element, by: f(element) })).collect()
    ).toSorted((a, b) => (ascending ? compareNatural(a.by, b.by) : compareNatural(b.by, a.by)))
    // As in Spark, a partition holds a range: equal elements are never in two.
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
  return (await this.collect()).sort(compare).slice(0, Math.max(0, count))
}

RDD.prototype.max = async function <T>(this: RDD<T>, compare: Comparison<T> = compareNatural) {
  return extreme(this, 'max', (a, b) => (compare(b, a) > 0 ? b : a))
}

RDD.prototype.min = async function <T>(this: RDD<T>, compare: Comparison<T> = compareNatural) {
  return extreme(this, 'min', (a, b) => (compare(b, a) < 0 ? b : a))
}

const extreme = async <T>(rdd: RDD<T>, action: string, better: (a: T, b: T) => T): Promise<T> => {
  if (await rdd.isEmpty()) throw emptyRddError(action, 'ask isEmpty() first')
  return rdd.reduce(better)
}
