/**
 * Keys are equal by value, as in Spark: `['a', 1]` is one key however many arrays say so. A
 * JavaScript `Map` compares arrays and objects by reference; everything keyed in Millrace goes
 * through this file instead.
 *
 * Strings, numbers, bigints, booleans and null are their own map keys: `Map` compares them by value
 * already (with NaN equal to NaN and 0 equal to -0), which keeps the hot path free of encoding.
 * Dates, arrays and plain objects are looked up by their canonical encoding.
 */
import { decodeLatin1, encodeCanonical } from './codec.ts'
import { MillraceError } from './errors.ts'

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const unsupportedKeyError = (key: unknown, cause?: unknown): MillraceError =>
  new MillraceError('KEY_UNSUPPORTED', {
    problem: 'A key is of a kind that cannot be compared by value',
    value: key,
    allowed:
      'strings, numbers, bigints, booleans, null, dates, and arrays and plain objects of these',
    fix:
      'make the key of the parts that matter, for example [user.id, user.country]; use null ' +
      'for a missing one',
    cause,
  })

/** Checks that a value may be (part of) a key. */
const checkKey = (key: unknown): void => {
  const simple =
    key === null ||
    typeof key === 'string' ||
    typeof key === 'number' ||
    typeof key === 'bigint' ||
    typeof key === 'boolean'
  if (simple || key instanceof Date) return
  if (Array.isArray(key)) return key.forEach(checkKey)
  if (typeof key === 'object' && isPlainObject(key)) return Object.values(key).forEach(checkKey)
  throw unsupportedKeyError(key)
}

/** The canonical encoding of a structured key. What has none cannot be a key either. */
const codeOf = (key: object): string => {
  try {
    return encodeCanonical(key)
  } catch (error) {
    throw unsupportedKeyError(key, error)
  }
}

const TYPE_RANK: Readonly<Record<string, number>> = {
  object: 1,
  boolean: 2,
  number: 3,
  bigint: 4,
  string: 5,
}

const compareSimple = (a: unknown, b: unknown): number => {
  const rank = (TYPE_RANK[typeof a] ?? 0) - (TYPE_RANK[typeof b] ?? 0)
  if (rank !== 0) return rank
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  const [x, y] = [a as string, b as string]
  return x < y ? -1 : x > y ? 1 : 0
}

/**
 * The order of keys: null, booleans, numbers, bigints, strings by UTF-16 units, then dates, arrays
 * and objects by their encoding.
 */
export const compareKeys = (a: unknown, b: unknown): number => {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  const structured = [a, b].map((key) => typeof key === 'object' && key !== null)
  if (structured[0] === false && structured[1] === false) return compareSimple(a, b)
  if (structured[0] !== structured[1]) return structured[0] === true ? 1 : -1
  return compareSimple(encodeCanonical(a), encodeCanonical(b))
}

/**
 * A structured key with its value; the key is a canonical copy, so that nobody can change it from
 * outside.
 */
interface Structured<V> {
  readonly key: unknown
  value: V
}

/**
 * A map whose keys are equal by value, and which can be walked in one order whatever the order of
 * insertion was (B3).
 */
export class KeyedMap<K, V> {
  readonly #simple = new Map<unknown, V>()
  readonly #structured = new Map<string, Structured<V>>()

  get size(): number {
    return this.#simple.size + this.#structured.size
  }

  get(key: K): V | undefined {
    return typeof key === 'object' && key !== null
      ? this.#structured.get(codeOf(key))?.value
      : this.#simple.get(key)
  }

  has(key: K): boolean {
    return typeof key === 'object' && key !== null
      ? this.#structured.has(codeOf(key))
      : this.#simple.has(key)
  }

  set(key: K, value: V): void {
    if (typeof key === 'object' && key !== null) return this.#setStructured(key, value)
    if (key === undefined || typeof key === 'function' || typeof key === 'symbol') checkKey(key)
    this.#simple.set(key, value)
  }

  delete(key: K): boolean {
    return typeof key === 'object' && key !== null
      ? this.#structured.delete(codeOf(key))
      : this.#simple.delete(key)
  }

  /**
   * Sets the value of a new key, or the combination of the old value and this one. The hot path of
   * every reduction.
   */
  combine(key: K, value: V, merge: (a: V, b: V) => V): void {
    if (typeof key === 'object' && key !== null) {
      const old = this.#structured.get(codeOf(key))
      if (old === undefined) this.#setStructured(key, value)
      else old.value = merge(old.value, value)
      return
    }
    const old = this.#simple.get(key)
    if (old !== undefined || this.#simple.has(key)) this.#simple.set(key, merge(old as V, value))
    else this.set(key, value)
  }

  /** All entries in no order that may be relied on; entries may be deleted meanwhile. */
  *entries(): Generator<readonly [K, V]> {
    for (const [key, value] of this.#simple) yield [key as K, value]
    for (const { key, value } of this.#structured.values()) yield [key as K, value]
  }

  /** All entries in the order of their keys; see {@link compareKeys}. */
  sortedEntries(): [K, V][] {
    const keys = [...this.#simple.keys()]
    // The default sort compares strings by UTF-16 units, several times faster than a comparator.
    if (keys.every((key) => typeof key === 'string')) keys.sort()
    else keys.sort(compareSimple)
    const entries = keys.map((key): [K, V] => [key as K, this.#simple.get(key) as V])
    if (this.#structured.size === 0) return entries
    const codes = [...this.#structured.keys()].sort()
    for (const code of codes) {
      const { key, value } = this.#structured.get(code) as Structured<V>
      entries.push([key as K, value])
    }
    return entries
  }

  #setStructured(key: object, value: V): void {
    const code = codeOf(key)
    const old = this.#structured.get(code)
    if (old !== undefined) {
      old.value = value
      return
    }
    checkKey(key)
    this.#structured.set(code, { key: decodeLatin1(code), value })
  }
}

/**
 * Two lists of entries in the order of keys as one, in that order. Where both have a key, the
 * second list's value stands.
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
 * The partition of a key among so many, the same on every machine and in every version of this
 * library: FNV-1a over the UTF-16 units of the key (of its canonical encoding, if it is not a
 * string), finished as in MurmurHash3 so that neighbouring keys spread.
 *
 * Sources: the FNV-1a parameters are those of draft-eastlake-fnv; the finisher is MurmurHash3's
 * fmix32 (Appleby, public domain).
 */
export const partitionOf = (key: unknown, partitions: number): number => {
  if (partitions === 1) return 0
  const text = typeof key === 'string' ? key : encodeCanonical(key)
  let hash = FNV_OFFSET
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions
}
