import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Keeps the elements for which `keep` returns true. A record on which `keep` throws becomes a
     * dead letter.
     *
     * @example words.filter((word) => word !== '')
     */
    filter(keep: (element: T) => boolean): DStream<T>
  }
}

DStream.prototype.filter = function (keep) {
  checkFunction('filter', keep)
  return this.to(narrowNode('filter', this.node, (input) => input.filter(keep)))
}
