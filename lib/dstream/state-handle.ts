import { MillraceError } from '../base/errors.ts'
import type { State } from './state-spec.ts'

/** What has become of a state in one call of a function. */
export type StateOutcome<S> =
  | { readonly kind: 'kept'; readonly state: S }
  | { readonly kind: 'none' }
  | { readonly kind: 'removed' }

const handleError = (problem: string, fix: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', { problem, fix })

/** The state of one key for the length of one call. */
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
      'state.get() of a key that has no state',
      'ask exists() first, or use getOption()',
    )
  }

  getOption(): S | undefined {
    return this.#state
  }

  update(state: S): void {
    this.#check('update')
    if (state === undefined)
      throw handleError('state.update() needs a state', 'call remove() to forget the key')
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

  /** After the call. What was handed out and changed in place counts as updated. */
  get outcome(): StateOutcome<S> {
    if (this.#isRemoved) return { kind: 'removed' }
    return this.#exists ? { kind: 'kept', state: this.#state as S } : { kind: 'none' }
  }

  #check(call: string): void {
    if (this.#isRemoved)
      throw handleError(
        `state.${call}() after remove() in the same call`,
        'decide once for each record',
      )
    if (this.#isTimingOut)
      throw handleError(
        `state.${call}() of a key that is timing out`,
        'ask isTimingOut() first: the state is removed by itself',
      )
  }
}
