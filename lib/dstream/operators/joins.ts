import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { checkShuffle } from '../checks.ts'
import { DStream, type PairStream, type StreamOfKey } from '../dstream.ts'
import { operatorNode, type OperatorNode } from '../plan-node.ts'
import { requireRdd } from './require-rdd.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Groups the pairs of both streams in each batch by key. The result has one pair for each key
     * of either side, with the values of this side and the values of the other side. A side without
     * the key has an empty list. On pairs only. Both streams must have their RDDs at the same
     * times. To join over time, apply `window` to each side first.
     *
     * @param options `partitions` of the result, 1 to 1024. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when the other stream belongs to another pipeline or
     * has another slide, or `partitions` is not a whole number from 1 to 1024.
     * `USER_FUNCTION_FAILED` in a batch in which one of the streams has no RDD.
     * @example clicks.cogroup(views).print()
     */
    cogroup<U>(
      this: PairStream<T>,
      other: StreamOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, [PairValue<T>[], PairValue<U>[]]]>

    /**
     * Joins each value of this side with each value of the other side that has the same key in the
     * same batch. Keys that only one side has are left out. On pairs only; see `cogroup`.
     *
     * @throws MillraceError As `cogroup`.
     * @example clicks.window(seconds(60)).join(views.window(seconds(60))).print()
     */
    join<U>(
      this: PairStream<T>,
      other: StreamOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, [PairValue<T>, PairValue<U>]]>

    /**
     * Like `join`, but keeps the pairs of this side that have no match: their right value is
     * undefined.
     *
     * @throws MillraceError As `cogroup`.
     * @example clicks.leftOuterJoin(views).mapValues(([click, view]) => view ?? click).print()
     */
    leftOuterJoin<U>(
      this: PairStream<T>,
      other: StreamOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, [PairValue<T>, PairValue<U> | undefined]]>

    /**
     * Like `join`, but keeps the pairs of the other side that have no match here: their left value
     * is undefined.
     *
     * @throws MillraceError As `cogroup`.
     * @example clicks.rightOuterJoin(views).print()
     */
    rightOuterJoin<U>(
      this: PairStream<T>,
      other: StreamOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, [PairValue<T> | undefined, PairValue<U>]]>

    /**
     * Like `join`, but keeps the pairs of both sides that have no match: the value of the missing
     * side is undefined.
     *
     * @throws MillraceError As `cogroup`.
     * @example clicks.fullOuterJoin(views).print()
     */
    fullOuterJoin<U>(
      this: PairStream<T>,
      other: StreamOfKey<PairKey<T>, U>,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, [PairValue<T> | undefined, PairValue<U> | undefined]]>
  }
}

type Pairs = RDD<[unknown, unknown]>
type Kind = 'cogroup' | 'join' | 'leftOuterJoin' | 'rightOuterJoin' | 'fullOuterJoin'

/** Both parents must have an RDD, as in Spark, where all joins are built on `transformWith`. */
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
    { combines: true, parameters: { partitions } },
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
