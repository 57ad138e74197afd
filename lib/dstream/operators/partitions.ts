import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { operatorNode, pairsOf } from '../plan-node.ts'
import { requireRdd } from './require-rdd.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Makes one array from each partition, with the elements of the partition. An empty partition
     * gives an empty array.
     *
     * @example lines.glom().map((part) => part.length).print()
     */
    glom(): DStream<T[]>

    /**
     * Distributes the elements of each batch over exactly `partitions` partitions, in turn. What
     * follows is computed partition by partition. If it is slow, other cores and executors take
     * some of the partitions.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024; `USER_FUNCTION_FAILED` in a batch in which this stream has no RDD.
     * @example lines.repartition(4).saveAsTextFiles('out')
     */
    repartition(partitions: number): DStream<T>

    /**
     * Distributes the pairs of each batch over `partitions` partitions, so that all pairs of a key
     * are in one partition. On pairs only.
     *
     * @param partitions How many: 1 to 1024.
     * @param partitionOf The partition of a key, from 0. Default: by the hash of the key.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024; `USER_FUNCTION_FAILED` in a batch, when `partitionOf` throws or does not return a
     * partition number, or when this stream has no RDD.
     * @example pairs.partitionBy(4, (key) => key.length % 4).saveAsTextFiles('out')
     */
    partitionBy(
      this: PairStream<T>,
      partitions: number,
      partitionOf?: (key: PairKey<T>) => number,
    ): DStream<[PairKey<T>, PairValue<T>]>
  }
}

DStream.prototype.glom = function () {
  return this.to(operatorNode('glom', [this.node], ([input]) => input?.glom()))
}

DStream.prototype.repartition = function (partitions) {
  checkShuffle({ partitions })
  return this.to(
    operatorNode(
      'repartition',
      [this.node],
      ([input], batch) => requireRdd('repartition', input, batch).repartition(partitions),
      {
        parameters: { partitions },
      },
    ),
  )
}

DStream.prototype.partitionBy = function (partitions, partitionOf) {
  checkShuffle({ partitions })
  if (partitionOf !== undefined) checkFunction('partitionBy', partitionOf)
  return this.to(
    operatorNode(
      'partitionBy',
      [this.node],
      ([input], batch) =>
        requireRdd('partitionBy', pairsOf(input), batch).partitionBy(partitions, partitionOf),
      {
        parameters: { partitions },
      },
    ),
  )
}
