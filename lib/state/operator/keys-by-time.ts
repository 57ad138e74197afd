import { type Coded, codedKey, KeyedMap } from '../../base/keys.ts'

/** A key, and its place in the heap. */
interface Entry<K> {
  readonly key: Coded<K>
  timeMs: number
  index: number
}

/**
 * Keys in the order of a time that each of them has: when it was last used, or when its timer is
 * due. Finds the first of them without visiting the others, whatever the order in which the times
 * come. It is a binary heap whose entries know their place, so nothing is left behind when a time
 * changes.
 */
export class KeysByTime<K> {
  readonly #entries = new KeyedMap<K, Entry<K>>()
  readonly #heap: Entry<K>[] = []

  /** Starts with keys and their times. */
  constructor(times: Iterable<readonly [key: Coded<K>, timeMs: number]> = []) {
    for (const [key, timeMs] of times) this.set(key, timeMs)
  }

  /** The number of keys. */
  get size(): number {
    return this.#heap.length
  }

  /** The earliest time. Undefined: there are no keys. */
  get firstMs(): number | undefined {
    return this.#heap[0]?.timeMs
  }

  timeOf(key: Coded<K>): number | undefined {
    return this.#entries.get(key)?.timeMs
  }

  /** Gives a key its time, instead of the one that it had. */
  set(key: Coded<K>, timeMs: number): void {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      known.timeMs = timeMs
      return this.#move(known)
    }
    const entry = { key: codedKey(key), timeMs, index: this.#heap.length }
    this.#entries.set(entry.key, entry)
    this.#heap.push(entry)
    this.#rise(entry)
  }

  delete(key: Coded<K>): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#take(entry)
  }

  /**
   * Removes the keys whose time is before a moment. Returns them in the order of keys, in the form
   * inside Millrace.
   */
  takeBefore(timeMs: number): readonly (readonly [key: Coded<K>, timeMs: number])[] {
    const taken = new KeyedMap<K, number>()
    for (
      let first = this.#heap[0];
      first !== undefined && first.timeMs < timeMs;
      first = this.#heap[0]
    ) {
      taken.set(first.key, first.timeMs)
      this.delete(first.key)
    }
    return taken.sortedCoded()
  }

  /** Takes an entry out of the heap. The last one fills its place. */
  #take(entry: Entry<K>): void {
    const last = this.#heap.pop() as Entry<K>
    if (last === entry) return
    this.#put(last, entry.index)
    this.#move(last)
  }

  #move(entry: Entry<K>): void {
    this.#rise(entry)
    this.#sink(entry)
  }

  #rise(entry: Entry<K>): void {
    while (entry.index > 0) {
      const above = this.#heap[(entry.index - 1) >> 1] as Entry<K>
      if (above.timeMs <= entry.timeMs) return
      this.#swap(above, entry)
    }
  }

  #sink(entry: Entry<K>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1]
      if (left === undefined) return
      const right = this.#heap[2 * entry.index + 2]
      const first = right !== undefined && right.timeMs < left.timeMs ? right : left
      if (entry.timeMs <= first.timeMs) return
      this.#swap(entry, first)
    }
  }

  #swap(a: Entry<K>, b: Entry<K>): void {
    const { index } = a
    this.#put(a, b.index)
    this.#put(b, index)
  }

  #put(entry: Entry<K>, index: number): void {
    this.#heap[index] = entry
    entry.index = index
  }
}
