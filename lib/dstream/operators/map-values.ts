import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { narrowPairs } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Replaces the value of each pair by `f(value)` and keeps the key. On pairs only.
     *
     * @example counts.mapValues((count) => count / 60)
     */
    mapValues<K, V, W>(this: DStream<[K, V]>, f: (value: V) => W): DStream<[K, W]>

    /**
     * Makes any number of pairs from each pair: one for each value that `f` returns, with the same
     * key. On pairs only.
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
