/**
 * One partition of an operator's keyed state: live in memory, log-structured in the store.
 *
 * States that are objects are kept packed, as their encoding, and handed out as fresh copies. So a function that changes a state in place
 * is counted right (encodings are compared, never references), and an attempt that fails, or a later operator that changes what it was
 * given, leaves no trace here.
 */
import { decode, decodeLatin1, encode, encodeToLatin1 } from '../base/codec.ts'
import { KeyedMap } from '../base/keys.ts'
import type { KeyedState } from '../rdd/keyed-state.ts'

/** The encoding of a state that is an object. */
class Packed {
  readonly code: string
  constructor(code: string) {
    this.code = code
  }
}

type Stored = string | number | bigint | boolean | null | Packed

const REMOVED: unique symbol = Symbol('removed')
type Change = Stored | typeof REMOVED

const pack = (state: unknown): Stored =>
  typeof state === 'object' && state !== null ? new Packed(encodeToLatin1(state)) : (checked(state) as Stored)

/** Lets the codec refuse what cannot be stored, such as a function. */
const checked = (state: unknown): unknown => {
  if (typeof state === 'function' || typeof state === 'symbol') encode(state)
  return state
}

const unpack = (stored: Stored): unknown => (stored instanceof Packed ? decodeLatin1(stored.code) : stored)

const same = (a: Stored | undefined, b: Stored): boolean =>
  a instanceof Packed && b instanceof Packed ? a.code === b.code : Object.is(a, b)

/** A segment: pairs of key and state, then removed keys. A packed state travels as bytes: no state is bytes unpacked. */
type Segment = readonly [puts: readonly (readonly [unknown, unknown])[], removed: readonly unknown[]]

const portable = (stored: Stored): unknown => (stored instanceof Packed ? Buffer.from(stored.code, 'latin1') : stored)

const live = (value: unknown): Stored =>
  value instanceof Uint8Array
    ? new Packed(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))
    : (value as Stored)

/** The live state of one partition, as of one manifest. */
export class StatePartition {
  readonly #map = new KeyedMap<unknown, Stored>()
  #sorted: readonly (readonly [unknown, Stored])[] | undefined

  /** How many keys have state. */
  get size(): number {
    return this.#map.size
  }

  /** Takes in a segment: the later one wins. */
  apply(segment: Uint8Array): void {
    const [puts, removed] = decode(segment) as Segment
    for (const [key, value] of puts) this.#map.set(key, live(value))
    for (const key of removed) this.#map.delete(key)
    this.#sorted = undefined
  }

  /** Takes in what a committed batch changed. */
  advance(changes: KeyedMap<unknown, Change>): void {
    for (const [key, change] of changes.sortedEntries()) {
      if (change === REMOVED) this.#map.delete(key)
      else this.#map.set(key, change)
    }
    if (changes.size > 0) this.#sorted = undefined
  }

  stored(key: unknown): Stored | undefined {
    return this.#map.get(key)
  }

  sorted(): readonly (readonly [unknown, Stored])[] {
    this.#sorted ??= this.#map.sortedEntries()
    return this.#sorted
  }

  /** A batch's view of this partition. */
  draft(): StateDraft {
    return new StateDraft(this)
  }
}

/** What one attempt does to a partition: kept apart until its batch is committed (B3). */
export class StateDraft implements KeyedState<unknown, unknown> {
  readonly #base: StatePartition
  readonly #changes = new KeyedMap<unknown, Change>()

  constructor(base: StatePartition) {
    this.#base = base
  }

  *entries(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#base.sorted()) yield [key, unpack(stored)]
  }

  put(key: unknown, state: unknown): void {
    const stored = pack(state)
    if (same(this.#base.stored(key), stored)) this.#changes.delete(key)
    else this.#changes.set(key, stored)
  }

  remove(key: unknown): void {
    if (this.#base.stored(key) === undefined) this.#changes.delete(key)
    else this.#changes.set(key, REMOVED)
  }

  get isUnchanged(): boolean {
    return this.#changes.size === 0
  }

  /** The changes as a segment, in the order of keys: the same attempt gives the same bytes. */
  delta(): Uint8Array {
    const changes = this.#changes.sortedEntries()
    const puts = changes.flatMap(([key, change]) => (change === REMOVED ? [] : [[key, portable(change)] as const]))
    return encode([puts, changes.flatMap(([key, change]) => (change === REMOVED ? [key] : []))] satisfies Segment)
  }

  /** Everything after the changes as one segment, which stands for all before it. */
  merged(): Uint8Array {
    const after = new KeyedMap<unknown, Change>()
    for (const [key, stored] of this.#base.sorted()) after.set(key, stored)
    for (const [key, change] of this.#changes.sortedEntries()) after.set(key, change)
    return encode([
      after.sortedEntries().flatMap(([key, change]) => (change === REMOVED ? [] : [[key, portable(change)] as const])),
      [],
    ] satisfies Segment)
  }

  /** Makes the changes part of the live state. Only after the commit was acknowledged. */
  settle(): void {
    this.#base.advance(this.#changes)
  }
}
