import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import type { ShuffleOptions } from '../../rdd/rdd.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { pairsOf, operatorNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Reduces the values of each key in a batch to one. The result has one pair for each key,
     * sorted by key within each partition. `f` must be associative and commutative. On pairs only.
     *
     * @param options `partitions` of the result, 1 to 1024. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example pairs.reduceByKey((a, b) => a + b)
     */
    reduceByKey(
      this: PairStream<T>,
      f: (a: PairValue<T>, b: PairValue<T>) => PairValue<T>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, PairValue<T>]>
  }
}

DStream.prototype.reduceByKey = function (f, options = {}) {
  checkFunction('reduceByKey', f)
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    operatorNode(
      'reduceByKey',
      [this.node],
      ([input]) => pairsOf(input)?.reduceByKey(f, { partitions }),
      { combines: true, parameters: { partitions } },
    ),
  )
}
