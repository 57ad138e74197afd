/** The low 64 bits of a bigint are all that V8 hashes. */
const WIDE = 2n ** 64n

const isWide = (key: bigint): boolean => key >= WIDE || key <= -WIDE

/**
 * A map by keys that a `Map` compares by value. It is fast for all of them: V8 finds a bigint by
 * its low 64 bits, so among keys that differ only above them, such as sequence numbers, a `Map`
 * looks at each. Here these are found by their digits.
 */
export class SimpleKeys<V> {
  readonly #own = new Map<unknown, V>()
  readonly #wide = new Map<string, readonly [key: bigint, value: V]>()

  get size(): number {
    return this.#own.size + this.#wide.size
  }

  get(key: unknown): V | undefined {
    return typeof key === 'bigint' && isWide(key)
      ? this.#wide.get(key.toString(36))?.[1]
      : this.#own.get(key)
  }

  has(key: unknown): boolean {
    return typeof key === 'bigint' && isWide(key)
      ? this.#wide.has(key.toString(36))
      : this.#own.has(key)
  }

  set(key: unknown, value: V): void {
    if (typeof key === 'bigint' && isWide(key)) this.#wide.set(key.toString(36), [key, value])
    else this.#own.set(key, value)
  }

  delete(key: unknown): boolean {
    return typeof key === 'bigint' && isWide(key)
      ? this.#wide.delete(key.toString(36))
      : this.#own.delete(key)
  }

  keys(): unknown[] {
    const keys = [...this.#own.keys()]
    for (const [key] of this.#wide.values()) keys.push(key)
    return keys
  }

  /** In the order of {@link keys}. */
  values(): V[] {
    const values = [...this.#own.values()]
    for (const [, value] of this.#wide.values()) values.push(value)
    return values
  }

  /** In no fixed order. The caller may delete keys while it iterates. */
  *entries(): Generator<readonly [key: unknown, value: V]> {
    yield* this.#own
    yield* this.#wide.values()
  }
}
