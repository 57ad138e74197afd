import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Any number of new elements for each element.
     *
     * @example lines.flatMap((line) => line.split(' '))
     */
    flatMap<U>(f: (element: T) => Iterable<U>): DStream<U>
  }
}

DStream.prototype.flatMap = function (f) {
  checkFunction('flatMap', f)
  return this.to(narrowNode('flatMap', this.node, (input) => input.flatMap(f)))
}
