import type { Duration } from '../base/duration.ts'
import { MillraceError } from '../base/errors.ts'
import type { Time } from '../base/time.ts'
import type { AnyValue, TypeMissing } from '../rdd/pair-types.ts'
import type { RDD, ShuffleOptions } from '../rdd/rdd.ts'
import type { State } from './key-state.ts'
import { checkDurationMs, checkFlag, checkFunction, checkShuffle } from './checks.ts'

/**
 * Maps one record with the state of its key. It gets the key, the value, the state and the batch
 * time. Its result is one element of the new stream; undefined gives no element. It is called once
 * for each record, in the order of the records, and without a value when the timer of a key is due
 * and when a key times out.
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
 * Pairs of a key and its state before the first batch. If a key occurs more than once,
 * `mapWithState` takes the last pair and `updateStateByKey` the first.
 *
 * @example const known: InitialState<string, number> = new Map([['to', 1]])
 */
export type InitialState<K, S> = Iterable<readonly [K, S]> | RDD<[K, S]>

/**
 * Settings of `StateSpec.function`.
 *
 * @example StateSpec.function(count, { initialState: [['to', 1]], timeout: minutes(30) })
 */
export interface StateSpecSettings<K, S> extends ShuffleOptions {
  /** The states before the first batch: see `initialState()`. Default: none. */
  readonly initialState?: InitialState<K, S>
  /** Keys without a record for longer than this are removed: see `timeout()`. Default: never. */
  readonly timeout?: Duration
  /** Whether the function may set timers: see `timers()`. Default: false. */
  readonly timers?: boolean
}

/** What to do where the compiler cannot find the type of a state. */
type StateFix = 'give the state a type: (key, value, state: State<number>) => ...'

/** What to do where the compiler cannot see the stream. */
type PairFix = 'give key and value a type, or give the settings to StateSpec.function as well'

interface SpecParts<K, V, S, R> {
  readonly f: StateFunction<K, V, S, R>
  readonly initial?: InitialState<K, S>
  readonly partitions: number
  readonly timeoutMs?: number
  readonly hasTimers: boolean
}

/**
 * The settings of `mapWithState`: its function, the initial state, the number of partitions and the
 * timeout. Each method returns a new StateSpec and does not change this one.
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
   * A specification with this function. Inside of `mapWithState(...)`, the types of key and value
   * come from the stream, so only the state needs a type. The compiler cannot see the stream
   * through a method that follows (`StateSpec.function(...).timeout(...)`): give the settings as
   * second argument, or give key and value a type.
   *
   * @param settings The initial state, default none; `partitions` of the state, 1 to 1024, default
   * 1; the timeout, default never; and whether there are `timers`, default false.
   * @throws MillraceError `ARGUMENT_INVALID` when `f` is not a function, or a setting is not valid.
   * @example
   * ```ts
   * pairs.mapWithState(
   *   StateSpec.function((word, one, state: State<number>) => [word, state.getOption() ?? one], {
   *     timeout: minutes(30),
   *   }),
   * ).print()
   * ```
   */
  static function<
    K = TypeMissing<PairFix>,
    V = TypeMissing<PairFix>,
    S = TypeMissing<StateFix>,
    R extends AnyValue | void = undefined,
  >(
    f: StateFunction<K, V, S, R>,
    { initialState, partitions = 1, timeout, timers = false }: StateSpecSettings<K, S> = {},
  ): StateSpec<K, V, S, R> {
    const checked = checkFunction('StateSpec.function', f)
    const parts = { f: checked, partitions: 1, hasTimers: checkFlag('timers', timers) }
    const spec = new StateSpec(parts).numPartitions(partitions)
    const known = initialState === undefined ? spec : spec.initialState(initialState)
    return timeout === undefined ? known : known.timeout(timeout)
  }

  /**
   * The states before the first batch. They count as updated by the first batch: the snapshot of
   * that batch contains them, and their timeout begins with it. Default: none.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a collection of pairs.
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
   * The number of partitions of the state. Default 1.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 1 to 1024.
   * @example StateSpec.function(count).numPartitions(4)
   */
  numPartitions(partitions: number): StateSpec<K, V, S, R> {
    checkShuffle({ partitions })
    return new StateSpec({ ...this.parts, partitions })
  }

  /**
   * Removes keys that had no record for longer than `idle`. Before that, the function is called
   * once more for the key, without a value. Default: keys are never removed.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a duration above zero.
   * @example StateSpec.function(count).timeout(minutes(30))
   */
  timeout(idle: Duration): StateSpec<K, V, S, R> {
    return new StateSpec({ ...this.parts, timeoutMs: checkDurationMs('timeout()', idle) })
  }

  /**
   * Lets the function set a timer for its key: see `State.setTimer`. The time of the timer is
   * stored with the state. Default: without timers.
   *
   * @example
   * ```ts
   * pairs.mapWithState(
   *   StateSpec.function((key: string, one: number | undefined, state: State<number>, time) => {
   *     if (state.isTimerFiring()) return `${key}: ${state.get()} in the first minute`
   *     if (!state.exists()) state.setTimer(time.plus(minutes(1)))
   *     state.update((state.getOption() ?? 0) + (one ?? 0))
   *     return undefined
   *   }).timers(),
   * ).print()
   * ```
   */
  timers(): StateSpec<K, V, S, R> {
    return new StateSpec({ ...this.parts, hasTimers: true })
  }
}
