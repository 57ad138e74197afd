import type {
  AnyValue,
  Combination,
  MergeCombinations,
  MergeValue,
  PairKey,
  PairValue,
} from '../../rdd/pair-types.ts'
import type { ShuffleOptions } from '../../rdd/rdd.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { operatorNode, pairsOf } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Groups the pairs of each batch by key. The result has one pair for each key, with all values
     * of the key in the order in which they came. It is sorted by key within each partition. On
     * pairs only.
     *
     * @param options `partitions` of the result, 1 to 1024. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example pairs.groupByKey().mapValues((values) => values.length).print()
     */
    groupByKey(this: PairStream<T>, options?: ShuffleOptions): DStream<[PairKey<T>, PairValue<T>[]]>

    /**
     * The general form of all reductions by key. `create` makes a combination from the first value
     * of a key, `mergeValue` adds each further value, and `mergeCombinations` merges the
     * combinations of several partitions. The result is sorted by key within each partition. On
     * pairs only.
     *
     * @param options `partitions` of the result, 1 to 1024. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example
     * ```ts
     * pairs
     *   .combineByKey(
     *     (n) => [n],
     *     (all, n) => [...all, n],
     *     (a, b) => [...a, ...b],
     *   )
     *   .print()
     * ```
     */
    combineByKey<C extends AnyValue>(
      this: PairStream<T>,
      create: (value: PairValue<T>) => C,
      mergeValue: MergeValue<Combination<C>, PairValue<T>>,
      mergeCombinations: MergeCombinations<Combination<C>>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, Combination<C>]>
  }
}

DStream.prototype.groupByKey = function (options = {}) {
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    operatorNode(
      'groupByKey',
      [this.node],
      ([input]) => pairsOf(input)?.groupByKey({ partitions }),
      { combines: true, parameters: { partitions } },
    ),
  )
}

DStream.prototype.combineByKey = function (create, mergeValue, mergeCombinations, options = {}) {
  for (const f of [create, mergeValue, mergeCombinations]) checkFunction('combineByKey', f)
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    operatorNode(
      'combineByKey',
      [this.node],
      ([input]) =>
        pairsOf(input)?.combineByKey(create, mergeValue, mergeCombinations, { partitions }),
      { combines: true, parameters: { partitions } },
    ),
  )
}
