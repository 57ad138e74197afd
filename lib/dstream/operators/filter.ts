import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Keeps the elements of one type, if `keep` tells them apart. See the other form.
     *
     * @example lines.map((line) => line.at(0)).filter((first) => first !== undefined)
     */
    filter<S extends T>(keep: (element: T) => element is S): DStream<S>

    /**
     * Keeps the elements for which `keep` returns true. A record on which `keep` throws becomes a
     * dead letter.
     *
     * @example words.filter((word) => word !== '')
     */
    filter(keep: (element: T) => boolean): DStream<T>
  }
}

DStream.prototype.filter = function (this: DStream<unknown>, keep: (element: unknown) => boolean) {
  checkFunction('filter', keep)
  return this.to<never>(narrowNode('filter', this.node, (input) => input.filter(keep)))
}
