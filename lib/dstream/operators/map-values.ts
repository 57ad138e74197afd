import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowPairs } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * New values under the same keys; on pairs only.
     *
     * @example counts.mapValues((count) => count / 60)
     */
    mapValues<K, V, W>(this: DStream<[K, V]>, f: (value: V) => W): DStream<[K, W]>

    /**
     * Any number of new values under the same key, for each pair; on pairs only.
     *
     * @example texts.flatMapValues((text) => text.split(' '))
     */
    flatMapValues<K, V, W>(this: DStream<[K, V]>, f: (value: V) => Iterable<W>): DStream<[K, W]>
  }
}

DStream.prototype.mapValues = function (f) {
  checkFunction('mapValues', f)
  return this.to(narrowPairs('mapValues', this.node, (input) => input.mapValues(f)))
}

DStream.prototype.flatMapValues = function (f) {
  checkFunction('flatMapValues', f)
  return this.to(narrowPairs('flatMapValues', this.node, (input) => input.flatMapValues(f)))
}
