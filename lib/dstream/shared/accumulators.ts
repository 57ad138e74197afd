import { MillraceError } from '../../base/errors.ts'
import type { AccumulatorSet } from '../../rdd/adds/accumulator-set.ts'
import type { Adding } from '../../rdd/adds/adding.ts'
import { type CollectionState, CUSTOM, type NumberState } from '../../rdd/adds/kinds.ts'
import { currentPlace, misplaced } from '../../rdd/adds/place-adds.ts'
import type { AnyValue } from '../../rdd/pair-types.ts'
import { checkFunction } from '../checks.ts'
import { StreamingContext } from '../streaming-context.ts'

/**
 * A value that functions of a pipeline add to. What a batch has added counts when the batch is
 * committed, exactly once: also if the batch is tried again, its tasks run in several processes, or
 * two outputs compute the same stream. The value survives restarts and deployments.
 *
 * @example
 * ```ts
 * const skip = (bad: Accumulator<number, number>): string[] => {
 *   bad.add(1)
 *   return []
 * }
 * ```
 */
export interface Accumulator<V, T> {
  /** The name under which the value is stored. */
  readonly name: string
  /**
   * What all committed batches have added. In `transform` and `foreachRDD`, also what this batch
   * has added so far. Functions that process records cannot read it.
   *
   * @throws MillraceError `ACCUMULATOR_MISPLACED` in a function that processes records.
   */
  readonly value: T
  /**
   * Adds a value, in a function that sees each record, partition or batch once: of `map`, `filter`,
   * `flatMap`, `mapPartitions`, a state, `transform` or `foreachRDD`.
   *
   * @throws MillraceError `ACCUMULATOR_MISPLACED` elsewhere, as in a reduction, which calls its
   * function as often as the records are divided; `ARGUMENT_INVALID` for another type of value.
   */
  add(value: V): void
}

/**
 * An accumulator of numbers, as in Spark.
 *
 * @example const share = (all: NumberAccumulator): string => `${all.count} with ${all.avg} each`
 */
export interface NumberAccumulator extends Accumulator<number, number> {
  /** The same as `value`. */
  readonly sum: number
  /** How many numbers were added. */
  readonly count: number
  /** The average of the numbers. NaN before there is one. */
  readonly avg: number
  /** Whether nothing was added yet. */
  readonly isZero: boolean
}

/**
 * An accumulator that keeps the last elements that were added.
 *
 * @example const show = (odd: CollectionAccumulator<string>) => `${odd.count}: ${odd.value.join()}`
 */
export interface CollectionAccumulator<T> extends Accumulator<T, readonly T[]> {
  /** How many elements were added, also those that are not kept any more. */
  readonly count: number
  /** Whether nothing was added yet. */
  readonly isZero: boolean
}

/**
 * What an accumulator of your own is made of.
 *
 * @example
 * ```ts
 * const longest: AccumulatorSpec<string, string> = {
 *   zero: () => '',
 *   add: (before, word) => (word.length > before.length ? word : before),
 *   merge: (a, b) => (b.length > a.length ? b : a),
 * }
 * ```
 */
export interface AccumulatorSpec<V, S> {
  /** The state before anything was added. It may consist of what states of keys may. */
  readonly zero: () => S
  /** The state with one more value. It may change the state in place. */
  readonly add: (state: S, value: V) => S
  /** One state for both. It may change the first one in place. */
  readonly merge: (a: S, b: S) => S
}

/**
 * Settings of `collectionAccumulator`.
 *
 * @example ssc.collectionAccumulator<string>('odd', { max: 20 })
 */
export interface CollectionAccumulatorOptions {
  /** How many elements are kept, from 1 to 1,000: the last ones. Default 100. */
  readonly max?: number
}

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * An accumulator of whole numbers. The value is exact up to 2^53.
     *
     * @param name The name of its value in the store: a letter or digit, then up to 63 letters,
     * digits, `.`, `_` or `-`.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is taken or not of the allowed form;
     * `PLAN_FROZEN`.
     * @example
     * ```ts
     * const bad = ssc.longAccumulator('bad-lines')
     * lines.filter((line) => {
     *   if (line !== '') return true
     *   bad.add(1)
     *   return false
     * })
     * ```
     */
    longAccumulator(name: string): NumberAccumulator

    /**
     * An accumulator of any numbers. They are added in the order of nodes and partitions, so the
     * value does not depend on who computed them.
     *
     * @param name As in `longAccumulator`.
     * @throws MillraceError As `longAccumulator`.
     * @example const spent = ssc.doubleAccumulator('spent')
     */
    doubleAccumulator(name: string): NumberAccumulator

    /**
     * An accumulator that keeps the last elements that were added, such as examples of bad records.
     *
     * @param name As in `longAccumulator`.
     * @throws MillraceError As `longAccumulator`. In a batch: `ACCUMULATOR_TOO_LARGE` when all
     * accumulators together would take more than 64 KiB.
     * @example const odd = ssc.collectionAccumulator<string>('odd-lines', { max: 20 })
     */
    collectionAccumulator<T extends AnyValue>(
      name: string,
      options?: CollectionAccumulatorOptions,
    ): CollectionAccumulator<T>

    /**
     * An accumulator of your own. `merge` must be associative.
     *
     * @param name As in `longAccumulator`.
     * @throws MillraceError As `collectionAccumulator`.
     * @example
     * ```ts
     * const longest = ssc.accumulator<string, string>('longest', {
     *   zero: () => '',
     *   add: (before, word) => (word.length > before.length ? word : before),
     *   merge: (a, b) => (b.length > a.length ? b : a),
     * })
     * ```
     */
    accumulator<V, S extends AnyValue>(name: string, spec: AccumulatorSpec<V, S>): Accumulator<V, S>
  }
}

const KEPT_DEFAULT = 100
const KEPT_MAX = 1_000

/** Adds where the function that runs now has its place. */
const addTo = (adding: Adding, value: unknown): void => {
  const place = currentPlace()
  if (place === undefined)
    throw misplaced(adding.name, 'Nothing can be added to an accumulator here')
  place.add(adding, value)
}

const numbers = (
  set: AccumulatorSet,
  kind: 'long' | 'double',
  name: string,
  isFit: (value: unknown) => boolean,
): NumberAccumulator => {
  const adding: Adding = {
    name,
    kind,
    zero: (): NumberState => [0, 0],
    add(state, value) {
      const [sum, count] = state as NumberState
      return [sum + (value as number), count + 1]
    },
    merge(a, b) {
      const [[sumA, countA], [sumB, countB]] = [a as NumberState, b as NumberState]
      return [sumA + sumB, countA + countB]
    },
  }
  set.declare(adding)
  const state = (): NumberState => set.stateOf(name) as NumberState
  return Object.freeze({
    name,
    get value() {
      return state()[0]
    },
    get sum() {
      return state()[0]
    },
    get count() {
      return state()[1]
    },
    get avg() {
      const [sum, count] = state()
      return sum / count
    },
    get isZero() {
      return state()[1] === 0
    },
    add(value: number): void {
      if (!isFit(value))
        throw new MillraceError('ARGUMENT_INVALID', {
          problem: `The accumulator "${name}" cannot add this`,
          value,
          allowed: kind === 'long' ? 'a whole number, exact up to 2^53' : 'a number',
        })
      addTo(adding, value)
    },
  })
}

StreamingContext.prototype.longAccumulator = function (name) {
  return numbers(this.accumulators(name), 'long', name, Number.isSafeInteger)
}

StreamingContext.prototype.doubleAccumulator = function (name) {
  return numbers(this.accumulators(name), 'double', name, (value) => typeof value === 'number')
}

StreamingContext.prototype.collectionAccumulator = function <T>(
  this: StreamingContext,
  name: string,
  { max = KEPT_DEFAULT }: CollectionAccumulatorOptions = {},
): CollectionAccumulator<T> {
  if (!Number.isInteger(max) || max < 1 || max > KEPT_MAX)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'max is not a number of elements that an accumulator can keep',
      value: max,
      allowed: `a whole number from 1 to ${KEPT_MAX}`,
    })
  const set = this.accumulators(name)
  const adding: Adding = {
    name,
    kind: 'collection',
    zero: (): CollectionState => ({ kept: [], count: 0 }),
    add(state, value) {
      const { kept, count } = state as { readonly kept: unknown[]; readonly count: number }
      // It may be called for each record of a batch: a copy of all that is kept would be slow.
      if (kept.push(value) > max) kept.shift()
      return { kept, count: count + 1 }
    },
    merge(a, b) {
      const [first, second] = [a as CollectionState, b as CollectionState]
      const kept = [...first.kept, ...second.kept].slice(-max)
      return { kept, count: first.count + second.count }
    },
  }
  set.declare(adding)
  const state = (): CollectionState => set.stateOf(name) as CollectionState
  return Object.freeze({
    name,
    get value() {
      return state().kept as readonly T[]
    },
    get count() {
      return state().count
    },
    get isZero() {
      return state().count === 0
    },
    add: (value: T): void => addTo(adding, value),
  })
}

StreamingContext.prototype.accumulator = function <V, S>(
  this: StreamingContext,
  name: string,
  { zero, add, merge }: AccumulatorSpec<V, S>,
): Accumulator<V, S> {
  const adding: Adding = {
    name,
    kind: CUSTOM,
    zero: checkFunction('accumulator', zero),
    add: checkFunction('accumulator', add) as Adding['add'],
    merge: checkFunction('accumulator', merge) as Adding['merge'],
  }
  const set = this.accumulators(name)
  set.declare(adding)
  return Object.freeze({
    name,
    get value() {
      return set.stateOf(name) as S
    },
    add: (value: V): void => addTo(adding, value),
  })
}
