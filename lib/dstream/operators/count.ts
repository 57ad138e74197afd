import type { ShuffleOptions } from '../../rdd/rdd.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'
import { requireRdd } from './require-rdd.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * The number of elements of each batch, as a stream of one number for each batch. The count of
     * an empty batch is 0.
     *
     * @throws MillraceError `USER_FUNCTION_FAILED` in a batch in which this stream has no RDD.
     * @example lines.count().print()
     */
    count(): DStream<number>

    /**
     * How often each value occurs in a batch: pairs of a value and its count, in the order of the
     * values. Values are compared as keys.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example words.countByValue().print()
     */
    countByValue(options?: ShuffleOptions): DStream<[T, number]>

    /**
     * The elements of each batch, reduced to one element by `f`. An empty batch gives no element.
     *
     * @param f Must be associative and commutative.
     * @example numbers.reduce((a, b) => Math.max(a, b)).print()
     */
    reduce(f: (a: T, b: T) => T): DStream<T>
  }
}

DStream.prototype.count = function () {
  return this.to(
    operatorNode('count', [this.node], ([input], batch) => {
      const rdd = requireRdd('count', input, batch)
      return rdd.derive(1, async () => [[await rdd.count()]])
    }),
  )
}

DStream.prototype.countByValue = function (options = {}) {
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    operatorNode(
      'countByValue',
      [this.node],
      ([input]) =>
        input?.mapToPair((value) => [value, 1]).reduceByKey((a, b) => a + b, { partitions }),
      { combines: true, parameters: { partitions } },
    ),
  )
}

DStream.prototype.reduce = function (f) {
  checkFunction('reduce', f)
  return this.to(
    operatorNode(
      'reduce',
      [this.node],
      ([input]) =>
        input
          ?.mapToPair((element) => [null, element])
          .reduceByKey(f)
          .values(),
      { combines: true },
    ),
  )
}
