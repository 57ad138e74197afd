/** Types that follow pairs and tuples through the operations of RDDs and streams. */
import type { RDD } from './rdd.ts'

/**
 * Any value. It is the bound of a type parameter: its tuples make the compiler take array literals
 * as tuples, at any depth, so `[word, [1, 2]]` is a `[string, [number, number]]`. All other values
 * keep their type.
 */
export type AnyValue = readonly [AnyValue, AnyValue] | readonly AnyValue[] | {} | null | undefined

/** The key type of pairs: for `[K, V]`, it is K. */
export type PairKey<T> = T extends readonly [infer K, unknown] ? K : never

/** The value type of pairs: for `[K, V]`, it is V. */
export type PairValue<T> = T extends readonly [unknown, infer V] ? V : never

/**
 * The type of a combination that begins as a C. A list of one element may grow, so `[n]` begins a
 * `number[]`; tuples of two or more elements stay tuples.
 */
export type Combination<C> = C extends readonly []
  ? never[]
  : C extends readonly [infer E]
    ? E[]
    : C

/** Adds a value to a combination, whose type is known from elsewhere. */
export type MergeValue<C, V> = (combination: NoInfer<C>, value: V) => NoInfer<C>

/** Merges two combinations, whose type is known from elsewhere. */
export type MergeCombinations<C> = (a: NoInfer<C>, b: NoInfer<C>) => NoInfer<C>

/** What stands in an error of the compiler where an operation on pairs is used without pairs. */
export type NeedsPairs<T> = [T] extends [PromiseLike<unknown>]
  ? 'The elements are promises: map() is synchronous, so do async work in mapPartitions()'
  : [T] extends [void]
    ? 'The elements are undefined: return the element from the function before'
    : 'This operation needs pairs: make them with mapToPair((element) => [key, value])'

/** What stands in an error of the compiler where two sides cannot be matched by key. */
export type NeedsPairsOfOneKey =
  'The other side needs pairs with the same type of key: make them with mapToPair()'

/**
 * The type of something to which nothing gives a type. It stands in the error of the compiler and
 * says what to do. It is an object, so that no operator takes it.
 */
export interface TypeMissing<Fix extends string> {
  readonly fix: Fix
}

/** The type of the elements of an RDD or of several RDDs. */
export type ElementOfRDD<R> = R extends RDD<infer T> ? T : never

/** The RDD itself if its elements are pairs; otherwise a text that says how to make pairs. */
export type PairRDD<T> = [T] extends [readonly [unknown, unknown]] ? RDD<T> : NeedsPairs<T>

/** An RDD of U that can be matched by keys of type K; otherwise a text that says what to do. */
export type RDDOfKey<K, U> = [U] extends [readonly [K, unknown]] ? RDD<U> : NeedsPairsOfOneKey
