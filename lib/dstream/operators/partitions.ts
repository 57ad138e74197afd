import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode, pairsOf } from '../plan-node.ts'
import { requireRdd } from './dataset-for.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * One array for each partition of a batch, of its elements; an empty one for an empty
     * partition.
     *
     * @example lines.glom().map((part) => part.length).print()
     */
    glom(): DStream<T[]>

    /**
     * The same elements in exactly so many partitions, dealt out one after the other.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 1 to 1024.
     * @example lines.repartition(4).saveAsTextFiles('out')
     */
    repartition(partitions: number): DStream<T>

    /**
     * The same pairs in so many partitions, those of a key in one; on pairs only.
     *
     * @param partitionOf The partition of a key, from 0. Default: by the hash of the key.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024; `USER_FUNCTION_FAILED` in a batch when `partitionOf` gives no partition.
     * @example pairs.partitionBy(4, (key) => key.length % 4).saveAsTextFiles('out')
     */
    partitionBy<K, V>(
      this: DStream<[K, V]>,
      partitions: number,
      partitionOf?: (key: K) => number,
    ): DStream<[K, V]>
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
