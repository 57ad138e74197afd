import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * One new element for each element. `f` must be deterministic and synchronous; a record on
     * which it throws is put aside as a dead letter.
     *
     * @example lines.map((line) => line.length)
     */
    map<U>(f: (element: T) => U): DStream<U>

    /**
     * `map` to pairs of a key and a value. Keys are equal by value: strings, numbers, bigints,
     * booleans, null, dates, and arrays and plain objects of them.
     *
     * @example words.mapToPair((word) => [word, 1])
     */
    mapToPair<K, V>(f: (element: T) => readonly [K, V]): DStream<[K, V]>
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
