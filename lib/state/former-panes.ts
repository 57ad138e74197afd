/**
 * Panes by key from before the number of partitions was changed. They stay where they are stored,
 * and are divided anew when they are read: a window of a day has 86,400 panes, and no batch could
 * write all of them again. They leave with the window.
 */
import { mapAtOnce } from '../base/concurrency.ts'
import { compareKeys, partitionOf } from '../base/keys.ts'
import type { KeyedPane } from './operator/keyed-pane.ts'
import { makePane, type PaneSegment, type ReadPane, segmentOfPane } from './pane.ts'
import type { SegmentList } from './segment-list.ts'
import type { ReadSegment, SegmentRef } from './segments.ts'

/** How panes are divided among partitions. */
export interface Regrouped {
  /** Panes up to this batch time are in other partitions than those of the plan. */
  readonly untilMs: number
  /** The number of partitions of later panes. There may be more lists. */
  readonly partitions: number
}

/** Partitions that are read at the same time. */
const READS_AT_ONCE = 16

/** Those of one operator. All of its partitions share it, so each pane is read once. */
export class FormerPanes {
  readonly regrouped: Regrouped
  readonly #read: ReadSegment
  /** By batch time, oldest first: the segments of all partitions. */
  readonly #refs: ReadonlyMap<number, readonly SegmentRef[]>
  /** What was divided and not taken by all partitions yet. */
  readonly #divided = new Map<number, { readonly panes: Promise<ReadPane[]>; left: number }>()

  constructor(regrouped: Regrouped, lists: readonly SegmentList[], read: ReadSegment) {
    this.regrouped = regrouped
    this.#read = read
    const refs = lists.flatMap((list) => list.refs)
    const former = refs.filter(({ at }) => Number(at) <= regrouped.untilMs)
    const sorted = former.toSorted((a, b) => Number(a.at) - Number(b.at))
    this.#refs = Map.groupBy(sorted, ({ at }) => Number(at))
  }

  get times(): readonly number[] {
    return [...this.#refs.keys()]
  }

  /** Whether there are any from a time on. */
  hasFrom(timeMs: number): boolean {
    return this.times.some((one) => one >= timeMs)
  }

  /** The part of a pane that a partition takes, once. */
  async take(timeMs: number, part: number): Promise<ReadPane> {
    const { partitions } = this.regrouped
    const known = this.#divided.get(timeMs) ?? { panes: this.#divide(timeMs), left: partitions }
    this.#divided.set(timeMs, known)
    known.left -= 1
    if (known.left === 0) this.#divided.delete(timeMs)
    return (await known.panes)[part] as ReadPane
  }

  async #divide(timeMs: number): Promise<ReadPane[]> {
    const stored = await mapAtOnce(this.#refs.get(timeMs) ?? [], READS_AT_ONCE, this.#read)
    return divided(stored.map(segmentOfPane), this.regrouped.partitions)
  }
}

const divided = (segments: readonly PaneSegment[], partitions: number): ReadPane[] => {
  const pairs = Array.from({ length: partitions }, (): [unknown, unknown][] => [])
  for (const [, content] of segments) {
    const [keys, values] = content as KeyedPane<unknown, unknown>
    for (const [index, key] of keys.entries())
      pairs[partitionOf(key, partitions)]?.push([key, values[index]])
  }
  const isSimple = segments.every(([simple]) => simple)
  return pairs.map((some) => {
    const sorted = some.toSorted(([a], [b]) => compareKeys(a, b))
    const content = [sorted.map(([key]) => key), sorted.map(([, value]) => value)]
    return makePane(content, isSimple).pane
  })
}
