import type { Duration } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { Time } from '../base/time.ts'
import type { RDD } from '../rdd/rdd.ts'
import { checkDurationMs, checkFunction, checkShuffle } from './checks.ts'

/**
 * The state of one key, as the function of `mapWithState` sees it.
 *
 * @example
 * ```ts
 * (word: string, one: number | undefined, state: State<number>) => {
 *   state.update((state.getOption() ?? 0) + (one ?? 0))
 * }
 * ```
 */
export interface State<S> {
  /**
   * Whether the key has state.
   *
   * @example (key: string, one: number | undefined, state: State<number>) => state.exists()
   */
  exists(): boolean
  /**
   * The state, as a copy that belongs to the function.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there is none.
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.exists() ? state.get() : 0
   * ```
   */
  get(): S
  /**
   * The state, as a copy that belongs to the function, or undefined where there is none.
   *
   * @example (key: string, one: number | undefined, state: State<number>) => state.getOption() ?? 0
   */
  getOption(): S | undefined
  /**
   * Sets the state.
   *
   * @throws MillraceError `ARGUMENT_INVALID` after `remove()` in the same call, when the key is
   * timing out, and when it is undefined.
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.update((state.getOption() ?? 0) + 1)
   * ```
   */
  update(state: S): void
  /**
   * Forgets the key; no error when it has no state.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when called twice, and when the key is timing out.
   * @example
   * ```ts
   * (key: string, value: string | undefined, state: State<number>) => {
   *   if (value === 'logout') state.remove()
   * }
   * ```
   */
  remove(): void
  /**
   * Whether this is the last call for a key that was idle for too long: it has no value then, and
   * its state is removed afterwards.
   *
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.isTimingOut() ? `${key} is gone` : undefined
   * ```
   */
  isTimingOut(): boolean
}

/**
 * From a record's key and value and the state of the key to what comes out; undefined: nothing
 * does. Called once for each record in the order in which they came, and once, without a value, for
 * a key that times out.
 *
 * @example
 * ```ts
 * const ages: StateFunction<string, number, number, string> = (key, value, state) =>
 *   `${key} ${value ?? state.get()}`
 * ```
 */
export type StateFunction<K, V, S, R> = (
  key: K,
  value: V | undefined,
  state: State<S>,
  time: Time,
) => R

/**
 * Pairs of key and state to begin with. Of several states of a key, `mapWithState` takes the last
 * one, `updateStateByKey` the first.
 *
 * @example const known: InitialState<string, number> = new Map([['to', 1]])
 */
export type InitialState<K, S> = Iterable<readonly [K, S]> | RDD<[K, S]>

interface SpecParts<K, V, S, R> {
  readonly f: StateFunction<K, V, S, R>
  readonly initial?: InitialState<K, S>
  readonly partitions: number
  readonly timeoutMs?: number
}

/**
 * What `mapWithState` does: a function, and how its state begins, ends and is divided. Each method
 * gives a new one.
 *
 * @example
 * ```ts
 * const count = (word: string, one: number | undefined, state: State<number>) => {
 *   const total = (state.getOption() ?? 0) + (one ?? 0)
 *   if (!state.isTimingOut()) state.update(total)
 *   return [word, total] as const
 * }
 * pairs.mapWithState(StateSpec.function(count).timeout(minutes(30))).print()
 * ```
 */
export class StateSpec<K, V, S, R> {
  /** @internal */
  readonly parts: SpecParts<K, V, S, R>

  private constructor(parts: SpecParts<K, V, S, R>) {
    this.parts = Object.freeze(parts)
  }

  /**
   * A specification with this function, no state to begin with, no timeout, and one partition.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no function.
   * @example
   * ```ts
   * StateSpec.function(
   *   (word: string, one: number | undefined, state: State<number>) =>
   *     [word, state.getOption() ?? 0] as const,
   * )
   * ```
   */
  static function<K, V, S, R>(f: StateFunction<K, V, S, R>): StateSpec<K, V, S, R> {
    return new StateSpec({ f: checkFunction('StateSpec.function', f), partitions: 1 })
  }

  /**
   * What is there before the first batch. It counts as touched by the first batch, and stands in
   * its snapshot.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no pairs.
   * @example StateSpec.function(count).initialState([['to', 1], ['be', 2]])
   */
  initialState(pairs: InitialState<K, S>): StateSpec<K, V, S, R> {
    if (typeof pairs === 'object' && pairs !== null)
      return new StateSpec({ ...this.parts, initial: pairs })
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'initialState() needs pairs',
      value: pairs,
      fix: "for example [['a', 1]]",
    })
  }

  /**
   * In how many partitions the state is kept. Default: 1.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 1 to 1024.
   * @example StateSpec.function(count).numPartitions(4)
   */
  numPartitions(partitions: number): StateSpec<K, V, S, R> {
    checkShuffle({ partitions })
    return new StateSpec({ ...this.parts, partitions })
  }

  /**
   * Ends keys that had no record for longer than this: the function is called once more, and then
   * the state is removed. Default: never.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no duration, or not longer than zero.
   * @example StateSpec.function(count).timeout(minutes(30))
   */
  timeout(idle: Duration): StateSpec<K, V, S, R> {
    return new StateSpec({ ...this.parts, timeoutMs: checkDurationMs('timeout()', idle) })
  }
}
