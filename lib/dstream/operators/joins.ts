import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { checkShuffle } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode, type OperatorNode } from '../plan-node.ts'
import { requireRdd } from './dataset-for.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * For each key on either side of a batch, the values of both sides; a side without the key has
     * an empty list. On pairs only. Both streams must have datasets at the same times: to join over
     * time, window each side first.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the other stream is of another pipeline, or has
     * its datasets at other times, or `partitions` is not a whole number from 1 to 1024.
     * @example clicks.cogroup(views).print()
     */
    cogroup<K, V, W>(
      this: DStream<[K, V]>,
      other: DStream<[K, W]>,
      options?: ShuffleOptions,
    ): DStream<[K, [V[], W[]]]>

    /**
     * Each value of this side with each value of the other under the same key, of the same batch.
     * On pairs only; see `cogroup`.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as `cogroup`.
     * @example clicks.window(seconds(60)).join(views.window(seconds(60))).print()
     */
    join<K, V, W>(
      this: DStream<[K, V]>,
      other: DStream<[K, W]>,
      options?: ShuffleOptions,
    ): DStream<[K, [V, W]]>

    /**
     * As `join`, with the pairs of this side that have no other: there the right value is
     * undefined.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as `cogroup`.
     * @example clicks.leftOuterJoin(views).mapValues(([click, view]) => view ?? click).print()
     */
    leftOuterJoin<K, V, W>(
      this: DStream<[K, V]>,
      other: DStream<[K, W]>,
      options?: ShuffleOptions,
    ): DStream<[K, [V, W | undefined]]>

    /**
     * As `join`, with the pairs of the other side that have none here: there the left value is
     * undefined.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as `cogroup`.
     * @example clicks.rightOuterJoin(views).print()
     */
    rightOuterJoin<K, V, W>(
      this: DStream<[K, V]>,
      other: DStream<[K, W]>,
      options?: ShuffleOptions,
    ): DStream<[K, [V | undefined, W]]>

    /**
     * As `join`, with the pairs of both sides that have no other: there that side's value is
     * undefined.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as `cogroup`.
     * @example clicks.fullOuterJoin(views).print()
     */
    fullOuterJoin<K, V, W>(
      this: DStream<[K, V]>,
      other: DStream<[K, W]>,
      options?: ShuffleOptions,
    ): DStream<[K, [V | undefined, W | undefined]]>
  }
}

type Pairs = RDD<[unknown, unknown]>
type Kind = 'cogroup' | 'join' | 'leftOuterJoin' | 'rightOuterJoin' | 'fullOuterJoin'

/** Both must have a dataset, as in Spark, where all of these are built on `transformWith`. */
const joinNode = (
  kind: Kind,
  left: DStream<never>,
  right: DStream<never>,
  options: ShuffleOptions,
): OperatorNode => {
  const { partitions = 1 } = checkShuffle(options)
  return operatorNode(
    kind,
    [left.node, left.nodeBeside(kind, right)],
    ([a, b], batch) =>
      (requireRdd(kind, a, batch) as Pairs)[kind](requireRdd(kind, b, batch) as Pairs, {
        partitions,
      }) as RDD<unknown>,
    { parameters: { partitions } },
  )
}

DStream.prototype.cogroup = function (other, options = {}) {
  return this.to(joinNode('cogroup', this as DStream<never>, other as DStream<never>, options))
}

DStream.prototype.join = function (other, options = {}) {
  return this.to(joinNode('join', this as DStream<never>, other as DStream<never>, options))
}

DStream.prototype.leftOuterJoin = function (other, options = {}) {
  return this.to(
    joinNode('leftOuterJoin', this as DStream<never>, other as DStream<never>, options),
  )
}

DStream.prototype.rightOuterJoin = function (other, options = {}) {
  return this.to(
    joinNode('rightOuterJoin', this as DStream<never>, other as DStream<never>, options),
  )
}

DStream.prototype.fullOuterJoin = function (other, options = {}) {
  return this.to(
    joinNode('fullOuterJoin', this as DStream<never>, other as DStream<never>, options),
  )
}
