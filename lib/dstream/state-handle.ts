import { MillraceError } from '../base/errors.ts'
import { Time } from '../base/time.ts'
import type { State } from './key-state.ts'

/** The result of one call of a user's function for the state of its key. */
export type StateOutcome<S> =
  | { readonly kind: 'kept'; readonly state: S; readonly timerMs: number | undefined }
  | { readonly kind: 'none' }
  | { readonly kind: 'removed' }

/** What a call is for. */
export type StateCall = 'record' | 'timer' | 'timeout'

/** What a function is called with. */
export interface StateBefore<S> {
  /** Undefined: the key has no state. */
  readonly state: S | undefined
  readonly call: StateCall
  /** When the timer of the key is due. Undefined: it has none. */
  readonly timerMs?: number | undefined
  /** Whether keys may have timers. Default: false. */
  readonly hasTimers?: boolean
}

const handleError = (problem: string, fix: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', { problem, fix })

/** The last moment that a date can have. */
const LAST_MS = 8.64e15

/** The state of one key during one call of a user's function. */
export class StateHandle<S> implements State<S> {
  readonly #call: StateCall
  readonly #hasTimers: boolean
  #state: S | undefined
  #exists: boolean
  #isRemoved = false
  #timerMs: number | undefined
  #isTimerSet = false

  constructor({ state, call, timerMs, hasTimers = false }: StateBefore<S>) {
    this.#state = state
    this.#exists = state !== undefined
    this.#call = call
    this.#timerMs = timerMs
    this.#hasTimers = hasTimers
  }

  exists(): boolean {
    return this.#exists
  }

  get(): S {
    if (this.#exists) return this.#state as S
    throw handleError(
      'state.get() was called for a key that has no state',
      'check exists() first, or use getOption()',
    )
  }

  getOption(): S | undefined {
    return this.#state
  }

  update(state: S): void {
    this.#check('update')
    if (state === undefined)
      throw handleError('state.update() needs a state', 'call remove() to remove the key')
    this.#state = state
    this.#exists = true
  }

  remove(): void {
    this.#check('remove')
    this.#state = undefined
    this.#exists = false
    this.#isRemoved = true
    this.#timerMs = undefined
  }

  isTimingOut(): boolean {
    return this.#call === 'timeout'
  }

  setTimer(at: Time): void {
    this.#checkTimer('setTimer')
    const isMoment = at instanceof Time && Math.abs(at.milliseconds) <= LAST_MS
    if (!isMoment)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'state.setTimer() needs a moment',
        value: at,
        allowed: 'a Time, up to the year 275760',
        fix: 'for example state.setTimer(time.plus(minutes(5)))',
      })
    this.#timerMs = at.milliseconds
    this.#isTimerSet = true
  }

  clearTimer(): void {
    this.#checkTimer('clearTimer')
    this.#timerMs = undefined
    this.#isTimerSet = false
  }

  getTimer(): Time | undefined {
    return this.#timerMs === undefined ? undefined : new Time(this.#timerMs)
  }

  isTimerFiring(): boolean {
    return this.#call === 'timer'
  }

  /**
   * The outcome of the call. A state that the function got and changed in place counts as updated.
   */
  get outcome(): StateOutcome<S> {
    if (this.#isRemoved) return { kind: 'removed' }
    if (this.#exists) return { kind: 'kept', state: this.#state as S, timerMs: this.#timerMs }
    if (this.#isTimerSet)
      throw handleError(
        'state.setTimer() was called for a key that has no state',
        'call state.update() in the same call: a timer belongs to a state',
      )
    return { kind: 'none' }
  }

  #check(call: string): void {
    if (this.#isRemoved)
      throw handleError(
        `state.${call}() was called after remove() for the same record`,
        'call either update() or remove() for a record',
      )
    if (this.#call === 'timeout')
      throw handleError(
        `state.${call}() was called for a key that is timing out`,
        'check isTimingOut() first: the state is removed without a call',
      )
  }

  #checkTimer(call: string): void {
    if (!this.#hasTimers)
      throw handleError(
        `state.${call}() was called, but the keys have no timers`,
        'write StateSpec.function(...).timers(), or give { timers: true } with the function',
      )
    this.#check(call)
  }
}
