import type { AnyValue } from '../../rdd/pair-types.ts'
import type { PartitionFunction } from '../../rdd/partition-function.ts'
import { checkAnyFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Calls `f` once for each partition, also for empty ones, and takes what it returns as the new
     * partition. `f` may be async. If `f` throws, the batch fails: a whole partition cannot become
     * a dead letter.
     *
     * @throws MillraceError `USER_FUNCTION_FAILED` in a batch, when `f` throws.
     * @example lines.mapPartitions(function* (part) { for (const line of part) yield line.trim() })
     */
    mapPartitions<U extends AnyValue>(f: PartitionFunction<T, U>): DStream<U>

    /**
     * Like `mapPartitions`, and `f` also gets the number of the partition, from 0.
     *
     * @example lines.mapPartitionsWithIndex((part, index) => [[index, [...part].length]]).print()
     */
    mapPartitionsWithIndex<U extends AnyValue>(
      f: (elements: Iterable<T>, index: number) => Iterable<U> | Promise<Iterable<U>>,
    ): DStream<U>
  }
}

DStream.prototype.mapPartitions = function (f) {
  checkAnyFunction('mapPartitions', f)
  return this.to(operatorNode('mapPartitions', [this.node], ([input]) => input?.mapPartitions(f)))
}

DStream.prototype.mapPartitionsWithIndex = function (f) {
  checkAnyFunction('mapPartitionsWithIndex', f)
  return this.to(
    operatorNode('mapPartitionsWithIndex', [this.node], ([input]) =>
      input?.mapPartitionsWithIndex(f),
    ),
  )
}
