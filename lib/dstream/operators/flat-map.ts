import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Makes any number of new elements from each element. A record on which `f` throws becomes a
     * dead letter.
     *
     * @example lines.flatMap((line) => line.split(' '))
     */
    flatMap<U extends AnyValue>(f: (element: T) => Iterable<U>): DStream<U>
  }
}

DStream.prototype.flatMap = function (f) {
  checkFunction('flatMap', f)
  return this.to(narrowNode('flatMap', this.node, (input) => input.flatMap(f)))
}
