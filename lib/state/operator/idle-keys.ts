import { KeyedMap } from '../../base/keys.ts'

/**
 * Which keys were touched when, oldest first: so that those that were idle for too long are found
 * without a look at the others. Constant work for each touch.
 */
export class IdleKeys<K> {
  readonly #touchedMs = new KeyedMap<K, number>()
  /**
   * By the time of the last touch. Times only grow, but for what is loaded at the beginning, in the
   * order of time.
   */
  readonly #byTime = new Map<number, KeyedMap<K, true>>()

  /** Begins with keys and the times they were touched. */
  constructor(touched: Iterable<readonly [key: K, timeMs: number]>) {
    for (const [key, timeMs] of [...touched].toSorted(([, a], [, b]) => a - b))
      this.touch(key, timeMs)
  }

  touch(key: K, timeMs: number): void {
    this.forget(key)
    this.#touchedMs.set(key, timeMs)
    const keys = this.#byTime.get(timeMs) ?? new KeyedMap<K, true>()
    keys.set(key, true)
    this.#byTime.set(timeMs, keys)
  }

  forget(key: K): void {
    const timeMs = this.#touchedMs.get(key)
    if (timeMs === undefined) return
    this.#touchedMs.delete(key)
    const keys = this.#byTime.get(timeMs)
    keys?.delete(key)
    if (keys?.size === 0) this.#byTime.delete(timeMs)
  }

  /** The keys last touched before a time, in the order of keys. */
  before(timeMs: number): readonly K[] {
    const idle = new KeyedMap<K, true>()
    for (const [touchedMs, keys] of this.#byTime) {
      if (touchedMs >= timeMs) break
      for (const [key] of keys.entries()) idle.set(key, true)
    }
    return idle.sortedEntries().map(([key]) => key)
  }

  /** When the key was touched that has been idle for longest; undefined: there is none. */
  get oldestMs(): number | undefined {
    const [oldest] = this.#byTime.keys()
    return oldest
  }
}
