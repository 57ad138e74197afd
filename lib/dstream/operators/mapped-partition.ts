import { isMillraceError } from '../../base/errors.ts'
import { leastOf } from '../../base/extremes.ts'
import { KeyedMap, plainKey } from '../../base/keys.ts'
import { pack, unpack } from '../../base/packed.ts'
import { visitAll } from '../../base/pauses.ts'
import { isPromiseError, refusePromise } from '../../base/promises.ts'
import { timeOf } from '../../base/time.ts'
import { addingAll } from '../../rdd/adds/place-adds.ts'
import { errorOf } from '../../rdd/bad-records.ts'
import { appendValue } from '../../rdd/grouping.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { KeysByTime } from '../../state/operator/keys-by-time.ts'
import type { PartitionView } from '../plan-node.ts'
import { StateHandle, type StateCall, type StateOutcome } from '../state-handle.ts'
import type { StateSpec } from '../state-spec.ts'
import type { ShownState, StoredForm } from '../timeout-layout.ts'
import type { KeysAside } from './keys-aside.ts'

/** The settings of one `mapWithState`. */
export type Spec = StateSpec<unknown, unknown, unknown, unknown>['parts']

/** What will happen to the keys of a partition without input, and what has happened. */
export interface InTime {
  /** When something will happen. Undefined: never. */
  readonly dueMs: number | undefined
  readonly waiting: number
  readonly expired: number
}

/** The keys of a partition in the order of time. */
interface Times {
  /** By their last use. Undefined: keys do not time out. */
  readonly idle: KeysByTime<unknown> | undefined
  /** By the time of their timer. Undefined: keys have no timers. */
  readonly timers: KeysByTime<unknown> | undefined
}

export const MAP_WITH_STATE = 'mapWithState'

const timesOf = (
  { timeoutMs, hasTimers }: Spec,
  form: StoredForm,
  states: KeyedState<unknown, unknown>,
): Times => {
  const idle = timeoutMs === undefined ? undefined : new KeysByTime()
  const timers = hasTimers ? new KeysByTime() : undefined
  for (const [key, stored] of states.unsorted()) {
    const { touchedMs, timerMs } = form.show(stored)
    if (touchedMs !== undefined) idle?.set(key, touchedMs)
    if (timerMs !== undefined) timers?.set(key, timerMs)
  }
  return { idle, timers }
}

/** One partition of `mapWithState` in one batch. */
export class MappedPartition {
  results: unknown[] = []
  readonly #spec: Spec
  readonly #form: StoredForm
  readonly #view: PartitionView
  readonly #states: KeyedState<unknown, unknown>
  readonly #times: Times

  constructor(spec: Spec, form: StoredForm, view: PartitionView) {
    const { state: states } = view
    this.#spec = spec
    this.#form = form
    this.#view = view
    this.#states = states
    const { timeoutMs, hasTimers } = spec
    this.#times =
      timeoutMs === undefined && !hasTimers
        ? { idle: undefined, timers: undefined }
        : states.memo(() => timesOf(spec, form, states))
  }

  /** Sets the state of a key, with this batch as its last use. */
  keep(key: unknown, state: unknown, timerMs?: number): void {
    this.#put(key, { state, touchedMs: this.#view.timeMs, timerMs })
  }

  #put(key: unknown, shown: ShownState): void {
    // The put may refuse the state.
    this.#states.put(key, this.#form.store(shown, this.#view.timeMs))
    const { idle, timers } = this.#times
    idle?.set(key, shown.touchedMs ?? this.#view.timeMs)
    if (shown.timerMs === undefined) timers?.delete(key)
    else timers?.set(key, shown.timerMs)
  }

  /**
   * Calls the function for one record. With a timeout, a record counts as a use of its key, even if
   * the function does not update the state. `coded`: the key, as it was before the function could
   * change it.
   */
  call(coded: unknown, [key, value]: readonly [unknown, unknown]): void {
    const handle = this.#handle(this.#shown(coded), 'record')
    this.#add(this.#run(key, value, handle))
    this.#apply(coded, handle.outcome)
  }

  #add(result: unknown): void {
    if (result !== undefined) this.results.push(result)
  }

  /**
   * The same for all records of a batch, key by key. If the function throws on a record, all
   * records of its key are put aside, and the state of the key stays as it was. The results are in
   * the order of the records. Gives the number of keys.
   */
  async callByKey(
    pairs: readonly (readonly [unknown, unknown])[],
    aside: KeysAside,
  ): Promise<number> {
    const byKey = new KeyedMap<unknown, number[]>()
    for (const [index, [key]] of pairs.entries()) appendValue(byKey, key, index)
    const results: (readonly [index: number, result: unknown])[] = []
    await visitAll(byKey.codedEntries(), this.#view.pause, ([key, indices]) => {
      const values = indices.map((index) => pairs[index]?.[1])
      try {
        const given = addingAll(() => this.#callKey(key, values))
        given.forEach((result, i) => results.push([indices[i] as number, result]))
      } catch (error) {
        aside.add({ key: plainKey(key), values, error })
      }
    })
    const inOrder = results.toSorted(([a], [b]) => a - b).map(([, result]) => result)
    this.results = inOrder.filter((result) => result !== undefined)
    return byKey.size
  }

  /** Nothing of the key is kept before the function has returned for all of its records. */
  #callKey(key: unknown, values: readonly unknown[]): readonly unknown[] {
    let last: StateOutcome<unknown> = { kind: 'none' }
    let { state, timerMs } = this.#shown(key)
    const results = values.map((value) => {
      const handle = this.#handle({ state, timerMs }, 'record')
      const result = this.#run(plainKey(key), value, handle)
      const { outcome } = handle
      if (outcome.kind !== 'none') last = outcome
      // A copy: the function may keep what it has set, and change it.
      state = unpack(pack(handle.getOption()))
      timerMs = handle.getTimer()?.milliseconds
      return result
    })
    this.#apply(key, last)
    return results
  }

  #apply(key: unknown, outcome: StateOutcome<unknown>): void {
    if (outcome.kind === 'kept') this.keep(key, outcome.state, outcome.timerMs)
    if (outcome.kind === 'removed') this.#remove(key)
  }

  /**
   * After the records: calls the function for the timers that are due, and ends the keys that have
   * been idle for longer than the timeout, if the timer of the operator may fire at this batch
   * time.
   */
  async passTime(): Promise<InTime> {
    const { idle, timers } = this.#times
    const { timeoutMs = 0 } = this.#spec
    let expired = 0
    if (this.#view.isOnGrid) {
      if (timers !== undefined) await this.#fire(timers)
      if (idle !== undefined) expired = await this.#end(idle, timeoutMs)
    }
    const dueTimes = [
      ...(idle?.firstMs === undefined ? [] : [idle.firstMs + timeoutMs + 1]),
      ...(timers?.firstMs === undefined ? [] : [timers.firstMs]),
    ]
    return {
      dueMs: dueTimes.length === 0 ? undefined : leastOf(dueTimes),
      waiting: (idle ?? timers)?.size ?? 0,
      expired,
    }
  }

  /**
   * In the order of their times, so it makes no difference in how many batches they fire. What a
   * timer sets is due in the next batch at the earliest: the function cannot go round in circles.
   */
  async #fire(timers: KeysByTime<unknown>): Promise<void> {
    const due = timers.takeBefore(this.#view.timeMs + 1).toSorted(([, aMs], [, bMs]) => aMs - bMs)
    await visitAll(due, this.#view.pause, ([key, atMs]) => {
      // The key has ended before its timer was due: the end comes after the timers.
      if (this.#endMs(key) < atMs) return
      const { state, touchedMs } = this.#shown(key)
      const handle = this.#handle({ state }, 'timer')
      this.#add(this.#run(plainKey(key), undefined, handle))
      const { outcome } = handle
      if (outcome.kind === 'removed') this.#remove(key)
      // Only a record is a use of the key.
      else if (outcome.kind === 'kept') this.#put(key, { ...outcome, touchedMs })
    })
  }

  /** The last moment of a key, if no record comes for it. */
  #endMs(key: unknown): number {
    const touchedMs = this.#times.idle?.timeOf(key)
    return touchedMs === undefined ? Infinity : touchedMs + (this.#spec.timeoutMs ?? 0)
  }

  async #end(idle: KeysByTime<unknown>, timeoutMs: number): Promise<number> {
    const gone = idle.takeBefore(this.#view.timeMs - timeoutMs)
    await visitAll(gone, this.#view.pause, ([key]) => {
      const { state } = this.#shown(key)
      this.#add(this.#run(plainKey(key), undefined, this.#handle({ state }, 'timeout')))
      this.#remove(key)
    })
    return gone.length
  }

  #shown(key: unknown): ShownState {
    const stored = this.#states.get(key)
    return stored === undefined ? { state: undefined } : this.#form.show(stored)
  }

  #handle({ state, timerMs }: ShownState, call: StateCall): StateHandle<unknown> {
    return new StateHandle({ state, call, timerMs, hasTimers: this.#spec.hasTimers })
  }

  #remove(key: unknown): void {
    this.#times.idle?.delete(key)
    this.#times.timers?.delete(key)
    this.#states.remove(key)
  }

  #run(key: unknown, value: unknown, state: StateHandle<unknown>): unknown {
    try {
      return refusePromise(this.#spec.f(key, value, state, timeOf(this.#view.timeMs)))
    } catch (error) {
      if (isMillraceError(error) && !isPromiseError(error)) throw error
      throw errorOf({ label: MAP_WITH_STATE, record: { key, value }, error })
    }
  }
}
