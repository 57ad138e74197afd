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
 *   reads at most three and a half times the state, and what came while the merge ran.
 *
 * A large merge of a small log is made by the batch that finds it due. That of a larger one runs
 * beside the batches after it: see large-merge.ts. If these are too many, a batch makes it after
 * all, so a cold start is bounded.
 */
import { invariant } from '../base/errors.ts'
import { type Coded, KeyedMap } from '../base/keys.ts'
import type { Stored } from '../base/packed.ts'
import { LargeMerge, MERGE_SETTINGS, type MergeBegin, type MergeSettings } from './large-merge.ts'
import { bytesOf, type ListChange, PAGE_REFS, SegmentList } from './segment-list.ts'
import { sortableTime } from './item-keys.ts'
import { type StoredPartition } from './stored-list.ts'
import { type NameSegment, type ReadSegment, segmentId, type SegmentRef } from './segments.ts'

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
  readonly merges: MergeSettings
}

const SETTINGS: LogSettings = {
  pageRefs: PAGE_REFS,
  smallAfterDeltas: 64,
  smallShareMax: 0.25,
  tinyBytes: 512,
  merges: MERGE_SETTINGS,
}

/** The log after a batch. */
export interface NextLog {
  readonly stored: StoredPartition
  readonly retired: readonly SegmentRef[]
  readonly list: SegmentList
  /** The keys of the new delta. `merged`: there is no delta any more. */
  readonly recent: readonly unknown[] | 'merged'
  /** What becomes of the merge beside batches: one begins here, or the running one ends. */
  readonly merge?: MergeBegin | 'named' | 'given up'
}

/** What a batch does with the log. */
export type LogStep = 'large' | 'small' | 'none' | 'begin' | 'name'

/** The log as of one manifest. */
export class StateLog {
  readonly #settings: LogSettings
  #list: SegmentList
  #large: number
  #small: number
  /** The keys in the deltas, for a small merge. Undefined: so many that none is worth it. */
  #recent: KeyedMap<unknown, true> | undefined = new KeyedMap()
  #merge: LargeMerge | undefined
  /** How many batches of this process have changed the state. */
  #batches = 0

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

  /** The merge that has something to write. */
  get runningMerge(): LargeMerge | undefined {
    return this.#merge?.isRunning === true ? this.#merge : undefined
  }

  /** Whether a merge has begun in this process. */
  get hasMerge(): boolean {
    return this.#merge !== undefined
  }

  get mergeSettings(): MergeSettings {
    return this.#settings.merges
  }

  /** Whether the batch of this time can name what a merge has written. */
  isMergeReady(timeMs: number): boolean {
    return this.#merge?.isReady(timeMs) === true
  }

  /** What to write in place of a delta of this size. */
  mergeAfter(deltaBytes: number, timeMs: number): LogStep {
    if (this.isMergeReady(timeMs)) return 'name'
    const { refs } = this.#list
    const largeBytes = bytesOf(refs.slice(0, this.#large))
    const laterBytes = bytesOf(refs.slice(this.#large)) + deltaBytes
    if (
      laterBytes >= LARGE_AFTER * largeBytes ||
      largeBytes + laterBytes <= this.#settings.tinyBytes
    ) {
      const { besideBytes, atOnceAfter } = this.#settings.merges
      if (largeBytes + laterBytes <= besideBytes || laterBytes >= atOnceAfter * largeBytes)
        return 'large'
      return this.#merge?.isOver(timeMs) === false || !this.#livesLong ? 'none' : 'begin'
    }
    // No merge runs here: what it covers stays in the log until it ends, so one would still be due.
    // A small merge would mix what the merge covers with what came later.
    const isMany = refs.length - this.merged + 1 >= this.#settings.smallAfterDeltas
    return isMany && this.#recent !== undefined && this.#mayMergeSmall(deltaBytes)
      ? 'small'
      : 'none'
  }

  /**
   * Whether this process has run as many batches as a merge has slices. So processes that end soon
   * do not write slices that nobody will name.
   */
  get #livesLong(): boolean {
    const large = bytesOf(this.#list.refs.slice(0, this.#large))
    return this.#batches * this.#settings.merges.sliceBytes >= large
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

  /** The same, and a merge begins beside the next batches. It covers this delta too. */
  withBegin(
    ref: SegmentRef,
    keys: readonly unknown[],
    namePage: NameSegment,
    timeMs: number,
  ): NextLog {
    const next = this.withDelta(ref, keys, namePage)
    const untilMs = timeMs + this.#settings.merges.mergeForMs
    const name = { at: sortableTime(untilMs), by: ref.by }
    const retired = [...next.retired, ...this.#givenUp]
    const covers = next.list.refs.length
    return { ...next, retired, merge: { name, untilMs, covers, last: segmentId(ref) } }
  }

  /** What a merge has written, the deltas since it began, and the new one if there is one. */
  withMerge(ref: SegmentRef | undefined, keys: readonly unknown[], namePage: NameSegment): NextLog {
    const { covers, last, refs } = this.#merge as LargeMerge
    const covered = this.#list.refs[covers - 1]
    const isThere = covered !== undefined && segmentId(covered) === last
    invariant('B5', isThere, `a merge covers ${covers} segments, and the last one is not ${last}`)
    const { list, retired } = this.#list.replace(0, covers, refs, namePage)
    const added = ref === undefined ? list : list.append([ref], namePage)
    const next = this.#next({ list: added, retired }, refs.length, 0, keys)
    return { ...next, merge: 'named' }
  }

  /** `ref`: all that the deltas and this batch have changed. */
  withSmall(ref: SegmentRef, namePage: NameSegment): NextLog {
    const change = this.#list.replace(this.merged, this.#list.refs.length, [ref], namePage)
    return this.#next(change, this.#large, this.#small + 1, 'merged')
  }

  /** `refs`: everything. */
  withLarge(refs: readonly SegmentRef[], namePage: NameSegment): NextLog {
    const change = this.#list.replace(0, this.#list.refs.length, refs, namePage)
    const next = this.#next(change, refs.length, 0, 'merged')
    return { ...next, retired: [...next.retired, ...this.#givenUp], merge: 'given up' }
  }

  /** Only after the commit was acknowledged. `entries`: those of the live map after it. */
  advance(
    { list, stored, recent, merge }: NextLog,
    entries: () => Iterator<readonly [Coded<unknown>, Stored]>,
  ): void {
    this.#batches += 1
    this.#list = list
    this.#large = stored.large
    this.#small = stored.small
    if (recent === 'merged') this.#recent = new KeyedMap()
    else if (merge === 'named') this.#restart(recent)
    else this.changed(recent)
    if (typeof merge === 'object') this.#merge = new LargeMerge(merge, entries())
    else if (merge !== undefined) this.#merge = undefined
    else if (recent !== 'merged') this.#merge?.note(this.#isWorthNoting() && recent)
  }

  /** The deltas are now those since the merge began. */
  #restart(keys: readonly unknown[]): void {
    const changed = this.#merge?.changed
    this.#recent = changed && new KeyedMap()
    this.changed(changed ?? [])
    this.changed(keys)
  }

  /** What a merge has written that nothing will ever name. */
  get #givenUp(): readonly SegmentRef[] {
    return this.#merge?.refs ?? []
  }

  #isWorthNoting(): boolean {
    const { refs } = this.#list
    const since = bytesOf(refs.slice(this.#merge?.covers))
    return since <= this.#settings.smallShareMax * bytesOf(refs.slice(0, this.#large))
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
