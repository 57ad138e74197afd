import type { ElementOfRDD } from '../pair-types.ts'
import { RDD } from '../rdd.ts'

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Joins several RDDs into one: the elements of this RDD come first, then those of the others in
     * their order. Duplicates stay.
     *
     * @example
     * ```ts
     * await parallelize([1])
     *   .union(parallelize([2]), parallelize([1]))
     *   .collect()
     * // [1, 2, 1]
     * ```
     */
    union<U extends readonly RDD<unknown>[]>(...others: U): RDD<T | ElementOfRDD<U[number]>>
  }
}

RDD.prototype.union = function (...others) {
  return this.beside(others)
}
