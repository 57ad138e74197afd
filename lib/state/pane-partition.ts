/**
 * One partition of the panes of a windowed operator. Each pane is a segment of its own. It is
 * written once, never changed, and becomes garbage when no window needs it any more.
 *
 * Warm and cold give the same results (B3), because both start from the same bytes: a warm pane is
 * kept as the bytes that were written, and decoded again for each reader. Only values that cannot
 * be changed in place are kept decoded. Panes from before this process are read when a window needs
 * them.
 */
import { mapAtOnce } from '../base/concurrency.ts'
import { invariant } from '../base/errors.ts'
import type { FormerPanes, Regrouped } from './former-panes.ts'
import type { Panes } from './operator/panes.ts'
import { contentOf, type MadePane, makePane, type Pane, paneOf, storedPane } from './pane.ts'
import type { Flushed, PartitionDraft } from './partition-draft.ts'
import type { SegmentList } from './segment-list.ts'
import type { NameSegment, ReadSegment } from './segments.ts'
import type { StoredPartition } from './stored-list.ts'

/** Panes that are read at the same time. */
const READS_AT_ONCE = 64

/** A pane that is divided anew when it is read. */
const FORMER: unique symbol = Symbol('former')

/** Settings of a {@link PanePartition}. */
export interface PanePartitionParts {
  /** See `StateDeclaration.panesWait`. Default: false. */
  readonly isWaiting?: boolean
  /** Panes that are in other partitions. Default: there are none. */
  readonly former?: FormerPanes | undefined
  /** The number of this partition. Default: 0. */
  readonly part?: number
}

/** The live panes of one partition, as of one manifest. */
export class PanePartition {
  /** By batch time, oldest first. */
  readonly #panes: Map<number, Pane | typeof FORMER>
  readonly #read: ReadSegment
  readonly isWaiting: boolean
  #former: FormerPanes | undefined
  readonly #part: number
  #list: SegmentList
  #memo: unknown

  constructor(
    list: SegmentList,
    read: ReadSegment,
    { isWaiting = false, former, part = 0 }: PanePartitionParts = {},
  ) {
    this.#panes = new Map(former?.times.map((timeMs) => [timeMs, FORMER]))
    for (const ref of list.refs) {
      const timeMs = Number(ref.at)
      if (!this.#panes.has(timeMs)) this.#panes.set(timeMs, { ref })
    }
    this.#read = read
    this.#list = list
    this.isWaiting = isWaiting
    this.#former = former
    this.#part = part
  }

  get list(): SegmentList {
    return this.#list
  }

  /** Panes that are in other partitions. Undefined: there are none any more. */
  get former(): FormerPanes | undefined {
    return this.#former
  }

  /** Whether its list names all of its panes. */
  get isAllStored(): boolean {
    return this.#former === undefined
  }

  get times(): readonly number[] {
    return [...this.#panes.keys()]
  }

  async read(timeMs: number): Promise<unknown> {
    let pane = this.#panes.get(timeMs)
    invariant('B3', pane !== undefined, `there is no pane at ${timeMs}`)
    if (pane === FORMER || 'ref' in pane) {
      const { former } = this
      pane =
        pane === FORMER
          ? await (former as FormerPanes).take(timeMs, this.#part)
          : paneOf(await this.#read(pane.ref))
      this.#panes.set(timeMs, pane)
    }
    return contentOf(pane)
  }

  async fetch(timesMs: readonly number[]): Promise<void> {
    const missing = timesMs.filter((timeMs) => {
      const pane = this.#panes.get(timeMs)
      return pane !== undefined && (pane === FORMER || 'ref' in pane)
    })
    await mapAtOnce(missing, READS_AT_ONCE, (timeMs) => this.read(timeMs))
  }

  memo<M>(make: () => M): M {
    this.#memo ??= make()
    return this.#memo as M
  }

  /** The next call of `memo` makes its value again. */
  forgetMemo(): void {
    this.#memo = undefined
  }

  /** Applies the changes of a committed batch. */
  advance(
    added: { readonly timeMs: number; readonly pane: Pane } | undefined,
    dropBeforeMs: number,
    list: SegmentList,
  ): void {
    this.#list = list
    if (this.#former?.hasFrom(dropBeforeMs) === false) this.#former = undefined
    for (const timeMs of this.#panes.keys()) {
      if (timeMs >= dropBeforeMs) break
      this.#panes.delete(timeMs)
    }
    if (added !== undefined) this.#panes.set(added.timeMs, added.pane)
  }

  /** Starts a draft for one attempt at a batch. */
  draft(timeMs: number): PaneDraft {
    return new PaneDraft(this, timeMs)
  }
}

/** The changes of one attempt to the panes of a partition. */
export class PaneDraft implements Panes<unknown>, PartitionDraft {
  readonly #base: PanePartition
  readonly #timeMs: number
  #added: MadePane | undefined
  #dropBeforeMs = -Infinity
  #list: SegmentList

  constructor(base: PanePartition, timeMs: number) {
    this.#base = base
    this.#timeMs = timeMs
    this.#list = base.list
  }

  /** What is stored before the batch. */
  get before(): StoredPartition {
    return { ...this.#base.list.stored, large: 0, small: 0 }
  }

  get isUnchanged(): boolean {
    return this.#added === undefined && this.#dropBeforeMs === -Infinity
  }

  get times(): readonly number[] {
    const kept = this.#base.times.filter((timeMs) => timeMs >= this.#dropBeforeMs)
    return this.#added === undefined ? kept : [...kept, this.#timeMs]
  }

  async read(timeMs: number): Promise<unknown> {
    if (this.#added === undefined || timeMs !== this.#timeMs) return this.#base.read(timeMs)
    return contentOf(this.#added.pane)
  }

  async fetch(timesMs: readonly number[]): Promise<void> {
    await this.#base.fetch(timesMs)
  }

  put(content: unknown, isSimple: boolean): void {
    this.#added = makePane(content, isSimple)
  }

  unput(): void {
    this.#added = undefined
  }

  dropBefore(timeMs: number): void {
    this.#dropBeforeMs = Math.max(this.#dropBeforeMs, timeMs)
  }

  /** Panes before this time are dropped. */
  get dropsBeforeMs(): number {
    return this.#dropBeforeMs
  }

  /** How panes are divided after this batch. Undefined: as the plan says. */
  get regrouped(): Regrouped | undefined {
    const { former } = this.#base
    return former?.hasFrom(this.#dropBeforeMs) === true ? former.regrouped : undefined
  }

  memo<M>(make: () => M): M {
    return this.#base.memo(make)
  }

  /**
   * While there is a pane, time alone changes the content of a window. Panes that wait for a timer
   * are quiet until they are dropped.
   */
  get isQuiet(): boolean {
    if (this.#base.isWaiting)
      return this.#added === undefined && this.times.length === this.#base.times.length
    return this.#added === undefined && this.#base.times.length === 0
  }

  flush(name: NameSegment, namePage: NameSegment): Flushed {
    const { list, retired } = this.#base.list.dropFirst(
      this.#base.list.countBefore(this.#dropBeforeMs),
    )
    this.#list =
      this.#added === undefined ? list : list.append([name(storedPane(this.#added))], namePage)
    return { stored: { ...this.#list.stored, large: 0, small: 0 }, retired }
  }

  publish(): void {
    this.#base.advance(
      this.#added && { timeMs: this.#timeMs, pane: this.#added.pane },
      this.#dropBeforeMs,
      this.#list,
    )
  }
}
