/**
 * The log of one partition of keyed state: which segments hold it, and when they are merged.
 *
 *     large: all keys | small: some keys ... | delta  delta  delta
 *     oldest                                              newest
 *
 * - A batch writes a *delta*: the keys that changed.
 * - Many deltas that are small beside the state become one segment, by a *small merge*. So the
 *   number of segments that a cold start reads stays small.
 * - When all that came after the last large merge is two and a half times as large as its result, a
 *   *large merge* writes all keys. So a byte that changes is written 1.4 times, and a cold start
 *   reads at most three and a half times the state.
 */
import { KeyedMap } from '../base/keys.ts'
import { bytesOf, type ListChange, PAGE_REFS, SegmentList } from './segment-list.ts'
import { type StoredPartition } from './stored-list.ts'
import type { NameSegment, ReadSegment, SegmentRef } from './segments.ts'

/** A large merge is due when the segments after the last one are this many times its size. */
const LARGE_AFTER = 2.5
/** Sizes that decide how segments are merged. The simulator has smaller ones. */
export interface LogSettings {
  /** The number of references in a page: see segment-list.ts. */
  readonly pageRefs: number
  /** A small merge is due after this many deltas, */
  readonly smallAfterDeltas: number
  /** if together they are at most this share of the last large merge. */
  readonly smallShareMax: number
  /** A state up to this size, in bytes before compression, is always written whole. */
  readonly tinyBytes: number
}

const SETTINGS: LogSettings = {
  pageRefs: PAGE_REFS,
  smallAfterDeltas: 64,
  smallShareMax: 0.25,
  tinyBytes: 512,
}

/** The log after a batch. */
export interface NextLog {
  readonly stored: StoredPartition
  readonly retired: readonly SegmentRef[]
  readonly list: SegmentList
  /** The keys of the new delta. `merged`: there is no delta any more. */
  readonly recent: readonly unknown[] | 'merged'
}

/** The log as of one manifest. */
export class StateLog {
  readonly #settings: LogSettings
  #list: SegmentList
  #large: number
  #small: number
  /** The keys in the deltas, for a small merge. Undefined: so many that none is worth it. */
  #recent: KeyedMap<unknown, true> | undefined = new KeyedMap()

  constructor(
    settings: LogSettings = SETTINGS,
    list: SegmentList = SegmentList.empty(settings.pageRefs),
    { large = 0, small = 0 }: Partial<StoredPartition> = {},
  ) {
    this.#settings = settings
    this.#list = list
    this.#large = large
    this.#small = small
  }

  /** Reads which segments there are. */
  static async load(
    node: string,
    stored: StoredPartition | undefined,
    read: ReadSegment,
    settings: LogSettings = SETTINGS,
  ): Promise<StateLog> {
    if (stored === undefined) return new StateLog(settings)
    const list = await SegmentList.load(node, stored, read, settings.pageRefs)
    return new StateLog(settings, list, stored)
  }

  get list(): SegmentList {
    return this.#list
  }

  get stored(): StoredPartition {
    return { ...this.#list.stored, large: this.#large, small: this.#small }
  }

  /** The number of segments that are no deltas. */
  get merged(): number {
    return this.#large + this.#small
  }

  /** Notes keys of a delta that was read. */
  changed(keys: Iterable<unknown>): void {
    if (!this.#mayMergeSmall(0)) this.#recent = undefined
    for (const key of keys) this.#recent?.set(key, true)
  }

  /** What to write in place of a delta of this size. */
  mergeAfter(deltaBytes: number): 'large' | 'small' | 'none' {
    const { refs } = this.#list
    const largeBytes = bytesOf(refs.slice(0, this.#large))
    const laterBytes = bytesOf(refs.slice(this.#large)) + deltaBytes
    if (
      laterBytes >= LARGE_AFTER * largeBytes ||
      largeBytes + laterBytes <= this.#settings.tinyBytes
    )
      return 'large'
    const isMany = refs.length - this.merged + 1 >= this.#settings.smallAfterDeltas
    return isMany && this.#recent !== undefined && this.#mayMergeSmall(deltaBytes)
      ? 'small'
      : 'none'
  }

  /** Deltas that are large beside the state wait for the large merge. */
  #mayMergeSmall(moreBytes: number): boolean {
    const { refs } = this.#list
    const largeBytes = bytesOf(refs.slice(0, this.#large))
    return bytesOf(refs.slice(this.merged)) + moreBytes <= this.#settings.smallShareMax * largeBytes
  }

  /** The keys of all deltas and of this one, in the order of keys. */
  recentKeys(keys: readonly unknown[]): readonly unknown[] {
    const recent = new KeyedMap<unknown, true>()
    for (const [key] of this.#recent?.codedEntries() ?? []) recent.set(key, true)
    for (const key of keys) recent.set(key, true)
    return recent.sortedCoded().map(([key]) => key)
  }

  withDelta(ref: SegmentRef, keys: readonly unknown[], namePage: NameSegment): NextLog {
    const list = this.#list.append([ref], namePage)
    return this.#next({ list, retired: [] }, this.#large, this.#small, keys)
  }

  /** `ref`: all that the deltas and this batch have changed. */
  withSmall(ref: SegmentRef, namePage: NameSegment): NextLog {
    const change = this.#list.replace(this.merged, this.#list.refs.length, [ref], namePage)
    return this.#next(change, this.#large, this.#small + 1, 'merged')
  }

  /** `refs`: everything. */
  withLarge(refs: readonly SegmentRef[], namePage: NameSegment): NextLog {
    const change = this.#list.replace(0, this.#list.refs.length, refs, namePage)
    return this.#next(change, refs.length, 0, 'merged')
  }

  /** Only after the commit was acknowledged. */
  advance({ list, stored, recent }: NextLog): void {
    this.#list = list
    this.#large = stored.large
    this.#small = stored.small
    if (recent === 'merged') this.#recent = new KeyedMap()
    else this.changed(recent)
  }

  #next(
    { list, retired }: ListChange,
    large: number,
    small: number,
    recent: NextLog['recent'],
  ): NextLog {
    return { list, retired, recent, stored: { ...list.stored, large, small } }
  }
}
