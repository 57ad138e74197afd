/** The low 64 bits of a bigint are all that V8 hashes. */
const WIDE = 2n ** 64n

const isWide = (key: bigint): boolean => key >= WIDE || key <= -WIDE

/**
 * A map by keys that a `Map` compares by value. It is fast for all of them: V8 finds a bigint by
 * its low 64 bits, so among keys that differ only above them, such as sequence numbers, a `Map`
 * looks at each. Here these are found by their digits.
 */
export class SimpleKeys<C extends { readonly key: unknown }> {
  readonly #own = new Map<unknown, C>()
  readonly #wide = new Map<string, C>()

  get size(): number {
    return this.#own.size + this.#wide.size
  }

  get(key: unknown): C | undefined {
    return typeof key === 'bigint' && isWide(key)
      ? this.#wide.get(key.toString(36))
      : this.#own.get(key)
  }

  has(key: unknown): boolean {
    return this.get(key) !== undefined
  }

  /** Adds a key that is not there yet. */
  add(cell: C): void {
    const { key } = cell
    if (typeof key === 'bigint' && isWide(key)) this.#wide.set(key.toString(36), cell)
    else this.#own.set(key, cell)
  }

  delete(key: unknown): boolean {
    return typeof key === 'bigint' && isWide(key)
      ? this.#wide.delete(key.toString(36))
      : this.#own.delete(key)
  }

  keys(): unknown[] {
    const keys = [...this.#own.keys()]
    for (const { key } of this.#wide.values()) keys.push(key)
    return keys
  }

  /** In the order of {@link keys}. */
  cells(): C[] {
    const cells = [...this.#own.values()]
    for (const cell of this.#wide.values()) cells.push(cell)
    return cells
  }

  /** In no fixed order. The caller may delete keys while it iterates. */
  *values(): Generator<C> {
    yield* this.#own.values()
    yield* this.#wide.values()
  }
}
