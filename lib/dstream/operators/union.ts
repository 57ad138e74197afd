import { DStream } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'
import { requireRdd } from './dataset-for.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * The elements of this stream, then those of the others in their order. All must be of the same
     * pipeline and have the same slide.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when a stream belongs to another pipeline, or has
     * its datasets at other times.
     * @example clicks.union(taps, swipes)
     */
    union(...others: readonly DStream<T>[]): DStream<T>
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
