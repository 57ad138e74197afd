/**
 * One partition of the keyed state of an operator: live in memory, log-structured in the store.
 *
 * States that are objects are kept packed, as their encoding, and handed out as fresh copies. So
 * changes in place are detected: encodings are compared, never references. And a failed attempt, or
 * a later operator that changes its input, leaves no trace here.
 */
import { KeyedMap, overlay, plainKey } from '../base/keys.ts'
import { pack, samePacked, type Stored, unpack } from '../base/packed.ts'
import type { KeyedState } from './operator/keyed-state.ts'
import type { LargeMerge, MergeSlice } from './large-merge.ts'
import type { Flushed, PartitionDraft } from './partition-draft.ts'
import type { NameSegment, SegmentRef } from './segments.ts'
import { type Change, keptOf, REMOVED } from './state-change.ts'
import { readStateSegment, stateSegment } from './state-segment.ts'
import { type NextLog, StateLog } from './state-log.ts'
import type { StoredPartition } from './stored-list.ts'

/** Settings of a {@link StatePartition}. */
export interface StatePartitionParts {
  readonly isMoved?: boolean
  readonly log?: StateLog
  /** Segments of other partitions that the first batch replaces. */
  readonly replaces?: readonly SegmentRef[]
}

/** The live state of one partition, as of one manifest. */
export class StatePartition {
  readonly #map = new KeyedMap<unknown, Stored>()
  #sorted: readonly (readonly [unknown, Stored])[] | undefined
  #memo: unknown
  readonly #log: StateLog
  #replaces: readonly SegmentRef[]
  /** Whether the segments in the store hold something else, so that all of it must be written. */
  #isMoved: boolean

  /**
   * `isMoved`: the content comes from partitions or a layout that another plan has stored. The
   * first batch writes it whole.
   */
  constructor({ isMoved = false, log = new StateLog(), replaces = [] }: StatePartitionParts = {}) {
    this.#isMoved = isMoved
    this.#replaces = replaces
    this.#log = log
  }

  get log(): StateLog {
    return this.#log
  }

  get replaces(): readonly SegmentRef[] {
    return this.#replaces
  }

  /** Whether the store has all of it, and no merge of it runs in this process. */
  get isAllStored(): boolean {
    return !this.#isMoved && this.#replaces.length === 0 && !this.#log.hasMerge
  }

  get isMoved(): boolean {
    return this.#isMoved
  }

  /** Moves a state into this partition, before its first batch. */
  move(key: unknown, stored: Stored): void {
    this.#map.set(key, stored)
  }

  /** How many keys have state. */
  get size(): number {
    return this.#map.size
  }

  /** Applies a segment. A later segment wins over an earlier one. `isDelta`: of one batch. */
  apply(segment: Uint8Array, isDelta = false): void {
    const changed: unknown[] = []
    readStateSegment(segment, {
      put: (key, stored) => {
        if (isDelta) changed.push(key)
        this.#map.set(key, stored)
      },
      remove: (key) => {
        if (isDelta) changed.push(key)
        this.#map.delete(key)
      },
    })
    if (isDelta) this.#log.changed(changed)
    this.#sorted = undefined
  }

  /** Applies the changes of a committed batch. */
  advance(changes: KeyedMap<unknown, Change>, next: NextLog | undefined): void {
    this.#isMoved = false
    this.#replaces = []
    if (changes.size > 0) this.#change(changes)
    // A merge that begins visits the map as it is now.
    if (next !== undefined) this.#log.advance(next, () => this.#map.codedEntries())
  }

  #change(changes: KeyedMap<unknown, Change>): void {
    const sorted = changes.sortedCoded()
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

  /**
   * All keys with their states, in the order of keys, for an operator that visits all of them in
   * each batch. Keys are in the form inside Millrace. From now on this list is kept up to date, at
   * the cost of all keys for each batch.
   */
  sorted(): readonly (readonly [unknown, Stored])[] {
    this.#sorted ??= this.#map.sortedCoded()
    return this.#sorted
  }

  /** All keys with their states, in no fixed order. */
  unsorted(): Iterable<readonly [unknown, Stored]> {
    return this.#map.codedEntries()
  }

  /** The same once, sorted: what is not visited in each batch costs nothing afterwards. */
  sortedOnce(): readonly (readonly [unknown, Stored])[] {
    return this.#sorted ?? this.#map.sortedCoded()
  }

  memo<M>(make: () => M): M {
    this.#memo ??= make()
    return this.#memo as M
  }

  /** The next call of `memo` makes its value again. */
  forgetMemo(): void {
    this.#memo = undefined
  }

  /** The next slice of a merge that runs beside batches. */
  nextSlice(
    merge: LargeMerge,
  ): { readonly bytes: Uint8Array; readonly slice: MergeSlice } | undefined {
    const slice = merge.next(this.#log.mergeSettings)
    return slice && { bytes: stateSegment(slice.entries, []), slice }
  }

  /** Starts a draft for one attempt at the batch of a time. */
  draft(timeMs = 0): StateDraft {
    return new StateDraft(this, timeMs)
  }
}

/** The changes of one attempt to a partition, kept apart until the batch is committed (B3). */
export class StateDraft implements KeyedState<unknown, unknown>, PartitionDraft {
  readonly #base: StatePartition
  readonly #timeMs: number
  readonly #changes = new KeyedMap<unknown, Change>()
  #next: NextLog | undefined

  constructor(base: StatePartition, timeMs: number) {
    this.#base = base
    this.#timeMs = timeMs
  }

  *entries(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#base.sorted()) yield [plainKey(key), unpack(stored)]
  }

  *unsorted(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#base.unsorted()) yield [key, unpack(stored)]
  }

  *current(): Generator<readonly [unknown, unknown]> {
    for (const [key, state] of this.currentCoded()) yield [plainKey(key), state]
  }

  *currentCoded(): Generator<readonly [unknown, unknown]> {
    for (const [key, stored] of this.#afterOf(this.#base.sorted())) yield [key, unpack(stored)]
  }

  get(key: unknown): unknown {
    const change = this.#changes.get(key)
    if (change === undefined && !this.#changes.has(key)) return unpack(this.#base.stored(key))
    return change === REMOVED ? undefined : unpack(change)
  }

  has(key: unknown): boolean {
    const change = this.#changes.get(key)
    if (change === undefined && !this.#changes.has(key)) return this.#base.has(key)
    return change !== REMOVED
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

  /** What is stored before the batch. */
  get before(): StoredPartition {
    return this.#base.log.stored
  }

  get isUnchanged(): boolean {
    return this.#changes.size === 0
  }

  /** Without changes, the next batch starts from the same state as this one. */
  get isQuiet(): boolean {
    return this.isUnchanged
  }

  flush(name: NameSegment, namePage: NameSegment): Flushed {
    const { log, isMoved } = this.#base
    if (this.isUnchanged && !isMoved && !log.isMergeReady(this.#timeMs))
      return { stored: log.stored, retired: [] }
    const delta = this.delta()
    // The log of a state that was moved here is empty: then all of it is written.
    const kind = log.mergeAfter(delta.byteLength, this.#timeMs)
    const keys = Array.from(this.#changes.codedEntries(), ([key]) => key)
    if (kind === 'name')
      this.#next = log.withMerge(this.isUnchanged ? undefined : name(delta), keys, namePage)
    else if (kind === 'begin') this.#next = log.withBegin(name(delta), keys, namePage, this.#timeMs)
    else if (kind === 'large') {
      const after = this.#afterOf(this.#base.sortedOnce())
      this.#next = log.withLarge(
        after.length === 0 ? [] : [name(stateSegment(after, []))],
        namePage,
      )
    } else if (kind === 'small')
      this.#next = log.withSmall(name(this.#mergeOf(log.recentKeys(keys))), namePage)
    else this.#next = log.withDelta(name(delta), keys, namePage)
    const { stored, retired } = this.#next
    return { stored, retired: [...retired, ...this.#base.replaces] }
  }

  /** What is true now of some keys, as a segment. */
  #mergeOf(keys: readonly unknown[]): Uint8Array {
    const puts = keys.flatMap((key) => {
      const stored = this.#storedNow(key)
      return stored === REMOVED ? [] : [[key, stored] as const]
    })
    const removed = keys.filter((key) => this.#storedNow(key) === REMOVED)
    return stateSegment(puts, removed)
  }

  #storedNow(key: unknown): Change {
    const change = this.#changes.get(key)
    if (change !== undefined || this.#changes.has(key)) return change as Change
    return this.#base.has(key) ? (this.#base.stored(key) as Stored) : REMOVED
  }

  /**
   * The changes as a segment, in the order of keys: the same changes always give the same bytes.
   */
  delta(): Uint8Array {
    const changes = this.#changes.sortedCoded()
    return stateSegment(
      keptOf(changes),
      changes.flatMap(([key, change]) => (change === REMOVED ? [key] : [])),
    )
  }

  /** The whole state after the changes as one segment, which replaces all earlier segments. */
  merge(): Uint8Array {
    return stateSegment(this.#afterOf(this.#base.sortedOnce()), [])
  }

  #afterOf(
    sorted: readonly (readonly [unknown, Stored])[],
  ): readonly (readonly [unknown, Stored])[] {
    if (this.isUnchanged) return sorted
    return keptOf(overlay<unknown, Change>(sorted, this.#changes.sortedCoded()))
  }

  /** Makes the changes part of the live state. Only after the commit was acknowledged. */
  publish(): void {
    this.#base.advance(this.#changes, this.#next)
  }
}
