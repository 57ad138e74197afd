import { type Coded, KeyedMap } from './keys.ts'
import { sortByText } from './sort-by-text.ts'
import { TextTable } from './text-table.ts'

const isFirstAfterTexts = (key: unknown): boolean =>
  key === undefined || (typeof key === 'object' && key !== null)

/**
 * Values that are reduced by key: as {@link KeyedMap}, but no key is ever taken away, and texts are
 * found in half the time. Reductions spend most of their time here.
 */
export class ReducedMap<K, V> {
  readonly #texts = new TextTable()
  /** The values of texts, by their numbers. */
  readonly #values: V[] = []
  readonly #others = new KeyedMap<K, V>()

  /** Sets the value of a new key, or merges the old value with this one. */
  combine(key: Coded<K>, value: V, merge: (a: V, b: V) => V): void {
    if (typeof key !== 'string') return this.#others.combine(key, value, merge)
    const number = this.#texts.find(key)
    if (number === -1) this.#addText(key, value)
    else this.#values[number] = merge(this.#values[number] as V, value)
  }

  /** Sets the value of a new key to what `create` gives, or adds to the old one. */
  combineNew<T>(
    key: Coded<K>,
    value: T,
    create: (value: T) => V,
    add: (a: V, value: T) => V,
  ): void {
    if (typeof key !== 'string') return this.#others.combineNew(key, value, create, add)
    const number = this.#texts.find(key)
    if (number === -1) this.#addText(key, create(value))
    else this.#values[number] = add(this.#values[number] as V, value)
  }

  /** The number of keys. */
  get size(): number {
    return this.#values.length + this.#others.size
  }

  /** All entries, in no fixed order, with keys in the form inside Millrace. */
  *codedEntries(): Generator<readonly [Coded<K>, V]> {
    for (const [number, text] of this.#texts.texts.entries())
      yield [text as K, this.#values[number] as V]
    yield* this.#others.codedEntries()
  }

  /** All entries in the order of their keys, as {@link KeyedMap.sortedCoded}. */
  sortedCoded(): [Coded<K>, V][] {
    const texts = [...this.#texts.texts]
    const values = [...this.#values]
    sortByText(texts, values)
    const entries = texts.map((text, index): [Coded<K>, V] => [text as K, values[index] as V])
    const others = this.#others.sortedCoded()
    if (others.length === 0) return entries
    const after = others.findIndex(([key]) => isFirstAfterTexts(key))
    const end = after === -1 ? others.length : after
    return [...others.slice(0, end), ...entries, ...others.slice(end)]
  }

  #addText(key: string, value: V): void {
    this.#texts.add(key)
    this.#values.push(value)
  }
}
