import { KeyedMap } from '../../base/keys.ts'

/**
 * The time at which each key was last touched, oldest first. Finds the keys that were idle for too
 * long without visiting the others. Constant work for each touch.
 */
export class IdleKeys<K> {
  readonly #touchedMs = new KeyedMap<K, number>()
  /**
   * Keys by the time of their last touch. Times only grow: the constructor adds its keys in the
   * order of time.
   */
  readonly #byTime = new Map<number, KeyedMap<K, true>>()

  /** Starts with keys and the times at which they were touched. */
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

  /**
   * The time of the last touch of the key that has been idle for longest. Undefined: there are no
   * keys.
   */
  get oldestMs(): number | undefined {
    const [oldest] = this.#byTime.keys()
    return oldest
  }
}
