import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Makes one new element from each element. `f` must be deterministic and synchronous. A record
     * on which `f` throws becomes a dead letter.
     *
     * @example lines.map((line) => line.length)
     */
    map<U extends AnyValue>(f: (element: T) => U): DStream<U>

    /**
     * Like `map`, but makes pairs of a key and a value. Keys are compared by value. A key may be a
     * string, number, bigint, boolean, null or date, or an array or plain object of these.
     *
     * @example words.mapToPair((word) => [word, 1])
     */
    mapToPair<K extends AnyValue, V extends AnyValue>(
      f: (element: T) => readonly [key: K, value: V],
    ): DStream<[K, V]>
  }
}

DStream.prototype.map = function (f) {
  checkFunction('map', f)
  return this.to(narrowNode('map', this.node, (input) => input.map(f)))
}

DStream.prototype.mapToPair = function (f) {
  checkFunction('mapToPair', f)
  return this.to(narrowNode('mapToPair', this.node, (input) => input.mapToPair(f)))
}
