import { compareKeys } from '../../base/keys.ts'
import { checkNumber, WHOLE_FROM_ONE } from '../../base/number-ranges.ts'
import { checkAlike, type Sketch } from './sketch.ts'

/**
 * What can be counted as an item.
 *
 * @example const item: Item = 'login'
 */
export type Item = string | number | bigint | boolean

/**
 * What `frequentItems` keeps of items.
 *
 * @example
 * ```ts
 * const nothing: FrequentItemsSketch<string> = { capacity: 9, missed: 0, counts: new Map() }
 * ```
 */
export interface FrequentItemsSketch<T extends Item> {
  readonly capacity: number
  /** The count of any item is too low by this at most. */
  missed: number
  readonly counts: Map<T, number>
}

/**
 * An item with its count, which is too low by `missed` at most.
 *
 * @example const first: ItemCount<string> = { item: 'login', count: 17, missed: 2 }
 */
export interface ItemCount<T extends Item> {
  readonly item: T
  readonly count: number
  readonly missed: number
}

/**
 * Finds the most frequent items. See {@link frequentItems}.
 *
 * @example const pages: FrequentItems<string> = frequentItems()
 */
export interface FrequentItems<T extends Item> extends Sketch<T, FrequentItemsSketch<T>> {
  /** The most frequent items, the most frequent first; equally frequent ones in their order. */
  readonly top: (sketch: FrequentItemsSketch<T>, most: number) => readonly ItemCount<T>[]
}

/**
 * Finds the most frequent of many items with so many counts at most. Of n items, each count is too
 * low by n / (`capacity` + 1) at most, and what occurs more often than that is found. With fewer
 * distinct items than counts, it is exact.
 *
 * Merging `a` with `b` gives the same as `b` with `a`. Three sketches in another grouping may give
 * other counts within the same bound; the engine always merges in one order.
 *
 * Source: Misra and Gries, Finding repeated elements (1982), merged as Agarwal et al., Mergeable
 * summaries (2012), describe it.
 *
 * @param options `capacity`, a whole number from 1, default 1,000.
 * @throws MillraceError `ARGUMENT_INVALID` when `capacity` is not allowed.
 * @example
 * ```ts
 * const pages = frequentItems<string>({ capacity: 100 })
 * texts.combineByKey(pages.of, pages.add, pages.merge)
 *   .mapValues((sketch) => pages.top(sketch, 10))
 *   .print()
 * ```
 */
export const frequentItems = <T extends Item>({
  capacity = 1_000,
}: { readonly capacity?: number } = {}): FrequentItems<T> => {
  checkNumber('capacity', capacity, WHOLE_FROM_ONE)
  type Items = FrequentItemsSketch<T>
  const check = (sketch: Items): void => checkAlike('frequentItems', sketch.capacity, capacity)
  const empty = (): Items => ({ capacity, missed: 0, counts: new Map() })
  const add = (sketch: Items, item: T): Items => {
    check(sketch)
    const { counts } = sketch
    const before = counts.get(item)
    if (before === undefined && counts.size >= capacity) {
      sketch.missed += 1
      lower(counts, 1)
    } else counts.set(item, (before ?? 0) + 1)
    return sketch
  }
  return {
    empty,
    of: (item) => add(empty(), item),
    add,
    merge(a, b) {
      check(a)
      check(b)
      const counts = new Map(a.counts)
      for (const [item, count] of b.counts) counts.set(item, (counts.get(item) ?? 0) + count)
      const cut = [...counts.values()].toSorted((x, y) => y - x)[capacity] ?? 0
      lower(counts, cut)
      const inOrder = [...counts].toSorted(([x], [y]) => compareKeys(x, y))
      return { capacity, missed: a.missed + b.missed + cut, counts: new Map(inOrder) }
    },
    top: ({ counts, missed }, most) =>
      [...counts]
        .toSorted(([x, m], [y, n]) => n - m || compareKeys(x, y))
        .slice(0, most)
        .map(([item, count]) => ({ item, count, missed })),
  }
}

/** Takes so many from each count. What has none left is forgotten. */
const lower = (counts: Map<unknown, number>, by: number): void => {
  if (by === 0) return
  for (const [item, count] of counts) {
    if (count > by) counts.set(item, count - by)
    else counts.delete(item)
  }
}
