import { DStream, type ElementOf } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'
import { requireRdd } from './require-rdd.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Joins several streams into one: the elements of this stream come first, then those of the
     * others in their order. All streams must belong to the same pipeline and have the same slide.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when a stream belongs to another pipeline or has
     * another slide. `USER_FUNCTION_FAILED` in a batch in which one of the streams has no RDD.
     * @example clicks.union(taps, swipes)
     */
    union<U extends readonly DStream<unknown>[]>(...others: U): DStream<T | ElementOf<U[number]>>
  }
}

DStream.prototype.union = function (...others) {
  const parents = [this.node, ...others.map((other) => this.nodeBeside('union', other))]
  return this.to(
    operatorNode(
      'union',
      parents,
      (inputs, batch) =>
        inputs
          .map((input) => requireRdd('union', input, batch))
          .reduce((all, next) => all.union(next)),
      { narrow: true },
    ),
  )
}
