import type { ShuffleOptions } from '../../rdd/rdd.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { pairsOf, operatorNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * One pair for each key of the batch, its values reduced by an associative and commutative `f`;
     * on pairs only. The result is in the order of the keys.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example pairs.reduceByKey((a, b) => a + b)
     */
    reduceByKey<K, V>(
      this: DStream<[K, V]>,
      f: (a: V, b: V) => V,
      options?: ShuffleOptions,
    ): DStream<[K, V]>
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
      { parameters: { partitions } },
    ),
  )
}
