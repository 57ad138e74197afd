/**
 * One partition of an operator's keyed state: live in memory, log-structured in the store.
 *
 * States that are objects are kept packed, as their encoding, and handed out as fresh copies. So a
 * function that changes a state in place is counted right (encodings are compared, never
 * references), and an attempt that fails, or a later operator that changes what it was given,
 * leaves no trace here.
 */
import { decode, encode } from '../base/codec.ts'
import { KeyedMap, overlay } from '../base/keys.ts'
import { pack, Packed, samePacked, type Stored, unpack } from '../base/packed.ts'
import type { KeyedState } from './operator/keyed-state.ts'
import type { PartitionDraft, NameSegment } from './partition-draft.ts'
import type { SegmentRef } from './segments.ts'

const REMOVED: unique symbol = Symbol('removed')
type Change = Stored | typeof REMOVED

/** A partition made of more segments than this is written anew as one. */
const SEGMENTS_MAX = 8

/**
 * A segment: pairs of key and state, then removed keys. A packed state travels as bytes: no state
 * is bytes unpacked.
 */
type Segment = readonly [
  puts: readonly (readonly [unknown, unknown])[],
  removed: readonly unknown[],
]

const portable = (stored: Stored): unknown =>
  stored instanceof Packed ? Buffer.from(stored.code, 'latin1') : stored

const live = (value: unknown): Stored =>
  value instanceof Uint8Array
    ? new Packed(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1'))
    : (value as Stored)

/** The live state of one partition, as of one manifest. */
export class StatePartition {
  readonly #map = new KeyedMap<unknown, Stored>()
  #sorted: readonly (readonly [unknown, Stored])[] | undefined
  #memo: unknown

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
    if (changes.size === 0) return
    const sorted = changes.sortedEntries()
    for (const [key, change] of sorted) {
      if (change === REMOVED) this.#map.delete(key)
      else this.#map.set(key, change)
    }
    if (this.#sorted !== undefined)
      this.#sorted = keptOf(overlay<unknown, Change>(this.#sorted, sorted))
  }

  stored(key: unknown): Stored | undefined {
    return this.#map.get(key)
  }

  has(key: unknown): boolean {
    return this.#map.has(key)
  }

  sorted(): readonly (readonly [unknown, Stored])[] {
    this.#sorted ??= this.#map.sortedEntries()
    return this.#sorted
  }

  memo<M>(make: () => M): M {
    this.#memo ??= make()
    return this.#memo as M
  }

  /** A batch's view of this partition. */
  draft(): StateDraft {
    return new StateDraft(this)
  }
}

/** What one attempt does to a partition: kept apart until its batch is committed (B3). */
export class StateDraft implements KeyedState<unknown, unknown>, PartitionDraft {
  readonly #base: StatePartition
  readonly #changes = new KeyedMap<unknown, Change>()

  constructor(base: StatePartition) {
    this.#base = base
  }

  *entries(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#base.sorted()) yield [key, unpack(stored)]
  }

  *current(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#after()) yield [key, unpack(stored)]
  }

  get(key: unknown): unknown {
    const change = this.#changes.get(key)
    if (change === undefined && !this.#changes.has(key)) return unpack(this.#base.stored(key))
    return change === REMOVED ? undefined : unpack(change)
  }

  put(key: unknown, state: unknown): void {
    const stored = pack(state)
    const before = this.#base.stored(key)
    if (samePacked(before, stored) && (before !== undefined || this.#base.has(key)))
      this.#changes.delete(key)
    else this.#changes.set(key, stored)
  }

  remove(key: unknown): void {
    if (this.#base.has(key)) this.#changes.set(key, REMOVED)
    else this.#changes.delete(key)
  }

  memo<M>(make: () => M): M {
    return this.#base.memo(make)
  }

  get isUnchanged(): boolean {
    return this.#changes.size === 0
  }

  /** Without changes, the next batch finds what this one has found. */
  get isQuiet(): boolean {
    return this.isUnchanged
  }

  flush(before: readonly SegmentRef[], name: NameSegment): readonly SegmentRef[] {
    if (this.isUnchanged) return before
    return before.length >= SEGMENTS_MAX ? [name(this.merge())] : [...before, name(this.delta())]
  }

  /** The changes as a segment, in the order of keys: the same attempt gives the same bytes. */
  delta(): Uint8Array {
    const changes = this.#changes.sortedEntries()
    const puts = changes.flatMap(([key, change]) =>
      change === REMOVED ? [] : [[key, portable(change)] as const],
    )
    return encode([
      puts,
      changes.flatMap(([key, change]) => (change === REMOVED ? [key] : [])),
    ] satisfies Segment)
  }

  /** Everything after the changes as one segment, which stands for all before it. */
  merge(): Uint8Array {
    return encode([
      this.#after().map(([key, stored]) => [key, portable(stored)] as const),
      [],
    ] satisfies Segment)
  }

  #after(): readonly (readonly [unknown, Stored])[] {
    if (this.isUnchanged) return this.#base.sorted()
    return keptOf(overlay<unknown, Change>(this.#base.sorted(), this.#changes.sortedEntries()))
  }

  /** Makes the changes part of the live state. Only after the commit was acknowledged. */
  publish(): void {
    this.#base.advance(this.#changes)
  }
}

const keptOf = (
  entries: readonly (readonly [unknown, Change])[],
): readonly (readonly [unknown, Stored])[] =>
  entries.filter((entry): entry is readonly [unknown, Stored] => entry[1] !== REMOVED)
