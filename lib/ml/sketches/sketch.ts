import { MillraceError } from '../../base/errors.ts'

/**
 * How many values become a small summary. A sketch S is plain data: it can be an element, a value
 * of a pair, and a state.
 *
 * - `of` and `merge` are for `reduceByKey` and windows: `pairs.mapValues(users.of)`, then
 *   `.reduceByKeyAndWindow(users.merge, minutes(5))`.
 * - `of`, `add` and `merge` are the three functions of `combineByKey`; it makes fewer sketches.
 * - `empty` and `add` are for states: `(values, sketch = users.empty()) =>
 *   values.reduce(users.add, sketch)`.
 *
 * `add` changes the sketch that it is given, and returns it. `merge` changes neither.
 *
 * @example
 * ```ts
 * const seen: Sketch<string, HyperLogLogSketch> = hyperLogLog()
 * texts.combineByKey(seen.of, seen.add, seen.merge)
 * ```
 */
export interface Sketch<V, S> {
  /** The sketch of no values. */
  readonly empty: () => S
  /** The sketch of one value. */
  readonly of: (value: V) => S
  /** The same sketch with one more value. */
  readonly add: (sketch: S, value: V) => S
  /** The sketch of the values of both. */
  readonly merge: (a: S, b: S) => S
}

/** Throws for a sketch of other options: it cannot be merged, and would give wrong answers. */
export const checkAlike = (name: string, a: number, b: number): void => {
  if (a === b) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${name}: the sketch was made with other options`,
    value: [a, b],
    fix: 'make all of them with the same options, or reset the state that holds the old ones',
  })
}
