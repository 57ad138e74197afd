import { MillraceError } from '../base/errors.ts'
import type { State } from './state-spec.ts'

/** The result of one call of a user's function for the state of its key. */
export type StateOutcome<S> =
  | { readonly kind: 'kept'; readonly state: S }
  | { readonly kind: 'none' }
  | { readonly kind: 'removed' }

const handleError = (problem: string, fix: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', { problem, fix })

/** The state of one key during one call of a user's function. */
export class StateHandle<S> implements State<S> {
  readonly #isTimingOut: boolean
  #state: S | undefined
  #exists: boolean
  #isRemoved = false

  constructor(state: S | undefined, isTimingOut: boolean) {
    this.#state = state
    this.#exists = state !== undefined
    this.#isTimingOut = isTimingOut
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
  }

  isTimingOut(): boolean {
    return this.#isTimingOut
  }

  /**
   * The outcome of the call. A state that the function got and changed in place counts as updated.
   */
  get outcome(): StateOutcome<S> {
    if (this.#isRemoved) return { kind: 'removed' }
    return this.#exists ? { kind: 'kept', state: this.#state as S } : { kind: 'none' }
  }

  #check(call: string): void {
    if (this.#isRemoved)
      throw handleError(
        `state.${call}() was called after remove() for the same record`,
        'call either update() or remove() for a record',
      )
    if (this.#isTimingOut)
      throw handleError(
        `state.${call}() was called for a key that is timing out`,
        'check isTimingOut() first: the state is removed without a call',
      )
  }
}
