import { type Coded, KeyedMap } from '../../base/keys.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { KeysByTime } from '../../state/operator/keys-by-time.ts'
import { formOf, ttlLayout } from '../timeout-layout.ts'

/**
 * The state of a partition whose keys end when they had no record for longer than their time to
 * live. It shows no state that is over. Each state is stored with the batch time of the last record
 * of its key: the function is called for every key in every batch, and only records count.
 */
export class ExpiringState implements KeyedState<unknown, unknown> {
  readonly #states: KeyedState<unknown, unknown>
  readonly #timeMs: number
  readonly #ttlMs: number
  readonly #used: KeysByTime<unknown>
  readonly #withRecords = new KeyedMap<unknown, true>()
  readonly #form

  /** How many keys have ended in this batch. */
  readonly expired: number

  /** Ends keys first, so that nobody sees them. */
  constructor(states: KeyedState<unknown, unknown>, timeMs: number, ttlMs: number) {
    this.#states = states
    this.#timeMs = timeMs
    this.#ttlMs = ttlMs
    const form = formOf(ttlLayout(ttlMs))
    this.#form = form
    this.#used = states.memo(() => {
      const used = new KeysByTime<unknown>()
      for (const [key, stored] of states.unsorted())
        used.set(key, form.show(stored).touchedMs ?? timeMs)
      return used
    })
    const gone = this.#used.takeBefore(timeMs - ttlMs)
    for (const [key] of gone) states.remove(key)
    this.expired = gone.length
  }

  /** The number of keys that will end. */
  get waiting(): number {
    return this.#used.size
  }

  /** When the next key ends if no record comes for it. Undefined: there are no keys. */
  get dueMs(): number | undefined {
    const { firstMs } = this.#used
    return firstMs === undefined ? undefined : firstMs + this.#ttlMs + 1
  }

  /** Says which keys have records in this batch, before their states are put. */
  hasRecords(keys: Iterable<unknown>): void {
    for (const key of keys) this.#withRecords.set(key, true)
  }

  *entries(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#states.entries()) yield [key, this.#form.show(stored).state]
  }

  *unsorted(): Generator<readonly [Coded<unknown>, unknown]> {
    for (const [key, stored] of this.#states.unsorted()) yield [key, this.#form.show(stored).state]
  }

  *current(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#states.current()) yield [key, this.#form.show(stored).state]
  }

  *currentCoded(): Generator<readonly [Coded<unknown>, unknown]> {
    for (const [key, stored] of this.#states.currentCoded())
      yield [key, this.#form.show(stored).state]
  }

  get(key: unknown): unknown {
    return this.has(key) ? this.#form.show(this.#states.get(key)).state : undefined
  }

  has(key: unknown): boolean {
    return this.#states.has(key)
  }

  put(key: unknown, state: unknown): void {
    const lastMs = this.#withRecords.has(key) ? undefined : this.#used.timeOf(key)
    const touchedMs = lastMs ?? this.#timeMs
    this.#states.put(key, this.#form.store({ state, touchedMs }, this.#timeMs))
    this.#used.set(key, touchedMs)
  }

  remove(key: unknown): void {
    this.#states.remove(key)
    this.#used.delete(key)
  }

  memo<M>(make: () => M): M {
    return this.#states.memo(make)
  }
}
