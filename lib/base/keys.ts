/**
 * Keys are equal by value, as in Spark: all arrays `['a', 1]` are one key. A JavaScript `Map`
 * compares arrays and objects by reference, so all code of Millrace that works by key uses this
 * file.
 *
 * A string, number, bigint, boolean, null or undefined is its own key in a `Map`, which already
 * compares these by value (NaN equals NaN, and 0 equals -0). So the hot path encodes nothing.
 * Dates, arrays and plain objects are found by their canonical encoding.
 */
import { decodeLatin1, encodeCanonical } from './codec.ts'
import { CodedKey } from './coded-key.ts'
import { MillraceError } from './errors.ts'
import { SimpleKeys } from './simple-keys.ts'
import { sortByText, sortTogether } from './sort-by-text.ts'

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const unsupportedKeyError = (key: unknown, cause?: unknown): MillraceError =>
  new MillraceError('KEY_UNSUPPORTED', {
    problem: 'A key has a type that cannot be compared by value',
    value: key,
    allowed:
      'strings, numbers, bigints, booleans, null, undefined, dates, and arrays and plain objects ' +
      'of these',
    fix: 'build the key from the parts that matter, for example [user.id, user.country]',
    cause,
  })

/**
 * Checks that a value may be (part of) a key.
 *
 * @throws MillraceError `KEY_UNSUPPORTED`.
 */
export const checkKey = (key: unknown): void => {
  const simple =
    key === null ||
    key === undefined ||
    typeof key === 'string' ||
    typeof key === 'number' ||
    typeof key === 'bigint' ||
    typeof key === 'boolean'
  if (simple || key instanceof Date || key instanceof CodedKey) return
  if (Array.isArray(key)) return key.forEach(checkKey)
  if (typeof key === 'object' && isPlainObject(key)) return Object.values(key).forEach(checkKey)
  throw unsupportedKeyError(key)
}

/** The canonical encoding of a structured key. A value without one cannot be a key. */
const codeOf = (key: object): string => {
  if (key instanceof CodedKey) return key.code
  try {
    return encodeCanonical(key)
  } catch (error) {
    throw unsupportedKeyError(key, error)
  }
}

/** A key, or its form inside Millrace. */
export type Coded<K> = K | CodedKey

/**
 * The form of a key inside Millrace: a structured key as its encoding, any other key as it is.
 *
 * @throws MillraceError `KEY_UNSUPPORTED`.
 */
export const codedKey = <K>(key: Coded<K>): Coded<K> => {
  if (typeof key !== 'object' || key === null || key instanceof CodedKey) return key
  const code = codeOf(key)
  checkKey(key)
  return new CodedKey(code)
}

/** The key for functions of users. A structured key is a fresh copy. */
export const plainKey = <K>(key: Coded<K>): K =>
  key instanceof CodedKey ? (decodeLatin1(key.code) as K) : key

const TYPE_RANK: Readonly<Record<string, number>> = {
  object: 1,
  boolean: 2,
  number: 3,
  bigint: 4,
  string: 5,
  // Last, because `sort` puts undefined last without a comparison.
  undefined: 6,
}

const compareSimple = (a: unknown, b: unknown): number => {
  const rank = (TYPE_RANK[typeof a] ?? 0) - (TYPE_RANK[typeof b] ?? 0)
  if (rank !== 0) return rank
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  const [x, y] = [a as string, b as string]
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * The order of keys: null, booleans, numbers, bigints, strings by UTF-16 units, undefined, then
 * dates, arrays and objects by their encoding.
 */
export const compareKeys = (a: unknown, b: unknown): number => {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  const isStructured = typeof a === 'object' && a !== null
  if (isStructured !== (typeof b === 'object' && b !== null)) return isStructured ? 1 : -1
  if (!isStructured) return compareSimple(a, b)
  const [x, y] = [codeOf(a), codeOf(b as object)]
  return x < y ? -1 : x > y ? 1 : 0
}

/** A structured key with its value. */
interface Structured<V> {
  readonly key: CodedKey
  value: V
}

/**
 * A map whose keys are equal by value. Its sorted order does not depend on the order of insertion
 * (B3). Keys are taken in both forms. They are given as fresh copies, or in the form inside
 * Millrace by the methods whose names say so.
 */
export class KeyedMap<K, V> {
  readonly #simple = new SimpleKeys<V>()
  readonly #structured = new Map<string, Structured<V>>()

  get size(): number {
    return this.#simple.size + this.#structured.size
  }

  get(key: Coded<K>): V | undefined {
    return typeof key === 'object' && key !== null
      ? this.#structured.get(codeOf(key))?.value
      : this.#simple.get(key)
  }

  has(key: Coded<K>): boolean {
    return typeof key === 'object' && key !== null
      ? this.#structured.has(codeOf(key))
      : this.#simple.has(key)
  }

  set(key: Coded<K>, value: V): void {
    if (typeof key === 'object' && key !== null) return this.#setStructured(key, value)
    if (typeof key === 'function' || typeof key === 'symbol') checkKey(key)
    this.#simple.set(key, value)
  }

  delete(key: Coded<K>): boolean {
    return typeof key === 'object' && key !== null
      ? this.#structured.delete(codeOf(key))
      : this.#simple.delete(key)
  }

  /**
   * Sets the value of a new key, or merges the old value with this one. Texts are reduced in
   * reduced-map.ts. Only the first look-up takes time, since a large map is not in the cache of the
   * processor. A value in an object of its own would be one more place out of the cache.
   */
  combine(key: Coded<K>, value: V, merge: (a: V, b: V) => V): void {
    if (typeof key === 'object' && key !== null) {
      const code = codeOf(key)
      const old = this.#structured.get(code)
      if (old === undefined) this.#addStructured(code, key, value)
      else old.value = merge(old.value, value)
      return
    }
    const old = this.#simple.get(key)
    if (old !== undefined || this.#simple.has(key)) this.#simple.set(key, merge(old as V, value))
    else this.set(key, value)
  }

  /** Sets the value of a new key to what `create` gives, or adds to the old one. As `combine`. */
  combineNew<T>(
    key: Coded<K>,
    value: T,
    create: (value: T) => V,
    add: (a: V, value: T) => V,
  ): void {
    if (typeof key === 'object' && key !== null) {
      const code = codeOf(key)
      const old = this.#structured.get(code)
      if (old === undefined) this.#addStructured(code, key, create(value))
      else old.value = add(old.value, value)
      return
    }
    const old = this.#simple.get(key)
    if (old !== undefined || this.#simple.has(key)) this.#simple.set(key, add(old as V, value))
    else this.set(key, create(value))
  }

  /** Sets the value of a key to what `make` gives for the old one. */
  update(key: Coded<K>, make: (old: V | undefined) => V): void {
    if (typeof key !== 'object' || key === null) return this.set(key, make(this.#simple.get(key)))
    const code = codeOf(key)
    const old = this.#structured.get(code)
    if (old === undefined) this.#addStructured(code, key, make(undefined))
    else old.value = make(old.value)
  }

  /** All entries, in no fixed order. The caller may delete entries while it iterates. */
  *entries(): Generator<readonly [K, V]> {
    for (const [key, value] of this.codedEntries()) yield [plainKey(key), value]
  }

  /** The same, with keys in the form inside Millrace. */
  *codedEntries(): Generator<readonly [Coded<K>, V]> {
    for (const [key, value] of this.#simple.entries()) yield [key as K, value]
    for (const { key, value } of this.#structured.values()) yield [key, value]
  }

  /** All entries in the order of their keys; see {@link compareKeys}. */
  sortedEntries(): [K, V][] {
    return withPlainKeys(this.sortedCoded())
  }

  /** The same, with keys in the form inside Millrace. */
  sortedCoded(): [Coded<K>, V][] {
    const keys = this.#simple.keys()
    const values = this.#simple.values()
    sortTogether(keys, values, compareSimple)
    const entries = keys.map((key, index): [Coded<K>, V] => [key as K, values[index] as V])
    if (this.#structured.size === 0) return entries
    const structured = [...this.#structured.values()]
    sortByText([...this.#structured.keys()], structured)
    for (const { key, value } of structured) entries.push([key, value])
    return entries
  }

  #setStructured(key: object, value: V): void {
    const code = codeOf(key)
    const old = this.#structured.get(code)
    if (old === undefined) this.#addStructured(code, key, value)
    else old.value = value
  }

  #addStructured(code: string, key: object, value: V): void {
    checkKey(key)
    this.#structured.set(code, {
      key: key instanceof CodedKey ? key : new CodedKey(code),
      value,
    })
  }
}

/** Replaces the keys of sorted entries by plain ones, in place. Structured keys are last. */
export const withPlainKeys = <K, V>(entries: [Coded<K>, V][]): [K, V][] => {
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i] as [Coded<K>, V]
    if (!(entry[0] instanceof CodedKey)) break
    entry[0] = plainKey(entry[0])
  }
  return entries as [K, V][]
}

/**
 * Merges two lists of entries that are in the order of keys; the result is in that order too. Where
 * both have a key, the value of the second list is used.
 */
export const overlay = <K, V>(
  under: readonly (readonly [K, V])[],
  over: readonly (readonly [K, V])[],
): (readonly [K, V])[] => {
  const result: (readonly [K, V])[] = []
  let next = 0
  for (const entry of over) {
    let order = -1
    while (
      next < under.length &&
      (order = compareKeys((under[next] as readonly [K, V])[0], entry[0])) < 0
    )
      result.push(under[next++] as readonly [K, V])
    if (order === 0 && next < under.length) next += 1
    result.push(entry)
  }
  while (next < under.length) result.push(under[next++] as readonly [K, V])
  return result
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/**
 * The partition of a key, from 0 to `partitions - 1`. It is the same on every machine and in every
 * version of this library. The hash is FNV-1a over the UTF-16 units of a string key, or of the
 * canonical encoding of any other key. The last step is that of MurmurHash3, which spreads similar
 * keys.
 *
 * Sources: draft-eastlake-fnv for the parameters of FNV-1a; fmix32 of MurmurHash3 (Appleby, public
 * domain) for the last step.
 */
export const partitionOf = (key: unknown, partitions: number): number => {
  if (partitions === 1) return 0
  const text =
    typeof key === 'string' ? key : key instanceof CodedKey ? key.code : encodeCanonical(key)
  let hash = FNV_OFFSET
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions
}
