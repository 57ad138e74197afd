import type { AnyValue, PairKey, PairValue } from '../../rdd/pair-types.ts'
import { checkFunction } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { narrowPairs } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Replaces the value of each pair by `f(value)` and keeps the key. On pairs only.
     *
     * @example counts.mapValues((count) => count / 60)
     */
    mapValues<W extends AnyValue>(
      this: PairStream<T>,
      f: (value: PairValue<T>) => W,
    ): DStream<[PairKey<T>, W]>

    /**
     * Makes any number of pairs from each pair: one for each value that `f` returns, with the same
     * key. On pairs only.
     *
     * @example texts.flatMapValues((text) => text.split(' '))
     */
    flatMapValues<W extends AnyValue>(
      this: PairStream<T>,
      f: (value: PairValue<T>) => Iterable<W>,
    ): DStream<[PairKey<T>, W]>
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
