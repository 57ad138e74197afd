/**
 * A function from one partition's elements to new ones; it may be async.
 *
 * @example
 * ```ts
 * const count: PartitionFunction<string, number> = (words) => [Array.from(words).length]
 * ```
 */
export type PartitionFunction<T, U> = (elements: Iterable<T>) => Iterable<U> | Promise<Iterable<U>>
