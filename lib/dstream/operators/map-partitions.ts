import type { PartitionFunction } from '../../rdd/rdd.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * A function over each partition, called for empty ones too. May be async. What it throws on is
     * a partition, which cannot be put aside as a record can: it fails the batch.
     *
     * @example lines.mapPartitions(function* (part) { for (const line of part) yield line.trim() })
     */
    mapPartitions<U>(f: PartitionFunction<T, U>): DStream<U>

    /**
     * As `mapPartitions`, with the number of the partition, from 0.
     *
     * @example lines.mapPartitionsWithIndex((part, index) => [[index, [...part].length]]).print()
     */
    mapPartitionsWithIndex<U>(
      f: (elements: Iterable<T>, index: number) => Iterable<U> | Promise<Iterable<U>>,
    ): DStream<U>
  }
}

DStream.prototype.mapPartitions = function (f) {
  checkFunction('mapPartitions', f)
  return this.to(operatorNode('mapPartitions', [this.node], ([input]) => input?.mapPartitions(f)))
}

DStream.prototype.mapPartitionsWithIndex = function (f) {
  checkFunction('mapPartitionsWithIndex', f)
  return this.to(
    operatorNode('mapPartitionsWithIndex', [this.node], ([input]) =>
      input?.mapPartitionsWithIndex(f),
    ),
  )
}
