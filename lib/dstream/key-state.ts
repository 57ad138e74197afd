import type { Time } from '../base/time.ts'

/**
 * The state of one key, as the function of `mapWithState` gets it.
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
   * Whether the key has a state.
   *
   * @example (key: string, one: number | undefined, state: State<number>) => state.exists()
   */
  exists(): boolean
  /**
   * The state. It is a copy, so the function may change it.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the key has no state.
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.exists() ? state.get() : 0
   * ```
   */
  get(): S
  /**
   * The state, or undefined if the key has none. It is a copy, so the function may change it.
   *
   * @example (key: string, one: number | undefined, state: State<number>) => state.getOption() ?? 0
   */
  getOption(): S | undefined
  /**
   * Sets the state.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the state is undefined, when the key is timing
   * out, or after `remove()` in the same call.
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.update((state.getOption() ?? 0) + 1)
   * ```
   */
  update(state: S): void
  /**
   * Removes the key. If the key has no state, this is not an error.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is called twice, or when the key is timing
   * out.
   * @example
   * ```ts
   * (key: string, value: string | undefined, state: State<number>) => {
   *   if (value === 'logout') state.remove()
   * }
   * ```
   */
  remove(): void
  /**
   * Whether this is the last call for a key that had no record for longer than the timeout. In such
   * a call there is no value, and the state is removed after the call.
   *
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.isTimingOut() ? `${key} is gone` : undefined
   * ```
   */
  isTimingOut(): boolean
  /**
   * Sets the timer of the key: in the first batch whose time is at or after `at`, the function is
   * called for the key without a value, and `isTimerFiring()` is true. A key has one timer: another
   * call replaces it. A time that has passed fires in this batch; in a call for a timer, in the
   * next one. Removing the key drops the timer.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when `at` is not a `Time`, when the spec has no
   * `timers()`, when the key has no state at the end of the call, when it is timing out, or after
   * `remove()` in the same call.
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>, time: Time) => {
   *   if (state.isTimerFiring()) return `${key}: ${state.get()} within a minute`
   *   if (!state.exists()) state.setTimer(time.plus(minutes(1)))
   *   state.update((state.getOption() ?? 0) + (one ?? 0))
   *   return undefined
   * }
   * ```
   */
  setTimer(at: Time): void
  /**
   * Drops the timer of the key. If it has none, this is not an error.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the spec has no `timers()`, when the key is
   * timing out, or after `remove()` in the same call.
   * @example
   * ```ts
   * (order: string, event: string | undefined, state: State<string>) => {
   *   if (event === 'paid') state.clearTimer()
   * }
   * ```
   */
  clearTimer(): void
  /**
   * When the timer of the key is due, or undefined if it has none. In a call for a timer it is
   * undefined until a new one is set.
   *
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>, time: Time) => {
   *   if (state.getTimer() === undefined) state.setTimer(time.plus(minutes(5)))
   * }
   * ```
   */
  getTimer(): Time | undefined
  /**
   * Whether this call is for the timer of the key. In such a call there is no value. The function
   * may update or remove the state and set the next timer. It does not count as a use of the key.
   *
   * @example
   * ```ts
   * (key: string, one: number | undefined, state: State<number>) =>
   *   state.isTimerFiring() ? `${key} is due` : undefined
   * ```
   */
  isTimerFiring(): boolean
}
