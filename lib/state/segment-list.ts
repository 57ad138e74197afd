/**
 * The segments of one partition, oldest first: what a manifest names for it.
 *
 * A list may be long: a window of a day has 86,400 panes. A batch must not write all of it again.
 * So the references age into pages: 16 references become a page, a segment of its own, and 16 pages
 * become a page of pages. A manifest names only the last few of each level:
 *
 *     page of pages  page of pages | page  page  page | ref  ref  ref
 *     oldest                                                   newest
 *
 * A new reference and a reference that leaves each change a constant number of bytes.
 */
import { encode } from '../base/codec.ts'
import { mapAtOnce } from '../base/concurrency.ts'
import { type NameSegment, packRef, type ReadSegment, type SegmentRef } from './segments.ts'
import { contentOfPage, type PageRef, type StoredList } from './stored-list.ts'

/** The number of references in a page, and of pages in a page of pages. */
export const PAGE_REFS = 16

/** A page that was read or made here. */
interface Page {
  readonly ref: PageRef
  /** The references below it, also in pages below it. */
  readonly refs: readonly SegmentRef[]
  /** All pages below it. */
  readonly below: readonly PageRef[]
}

/** What a change of a list gives. */
export interface ListChange {
  readonly list: SegmentList
  /** Segments and pages that the list does not name any more. */
  readonly retired: readonly SegmentRef[]
}

/** A list in memory. It never changes: each change gives a new one. */
export class SegmentList {
  /** A list without segments. `pageRefs`: the number of references in a page. */
  static empty(pageRefs: number = PAGE_REFS): SegmentList {
    return new SegmentList([], 0, [], { count: 0, bytes: 0 }, pageRefs)
  }

  readonly #pages: readonly Page[]
  readonly #skipped: number
  /** Those in no page. */
  readonly #last: readonly SegmentRef[]
  readonly #size: Size
  readonly #pageRefs: number
  #refs: readonly SegmentRef[] | undefined

  private constructor(
    pages: readonly Page[],
    skipped: number,
    last: readonly SegmentRef[],
    size: Size,
    pageRefs: number,
  ) {
    this.#pages = pages
    this.#skipped = skipped
    this.#last = last
    this.#size = size
    this.#pageRefs = pageRefs
  }

  /** Reads the pages of a list. `node`: the node of its segments. */
  static async load(
    node: string,
    stored: StoredList,
    read: ReadSegment,
    pageRefs: number = PAGE_REFS,
  ): Promise<SegmentList> {
    const pages = await loadPages(node, stored.pages, read)
    return new SegmentList(pages, stored.skipped, stored.refs, stored, pageRefs)
  }

  /** The references, oldest first. */
  get refs(): readonly SegmentRef[] {
    this.#refs ??= [...this.#pages.flatMap(({ refs }) => refs).slice(this.#skipped), ...this.#last]
    return this.#refs
  }

  /** The segments and the pages. */
  get all(): readonly SegmentRef[] {
    return [...this.refs, ...this.#pages.flatMap(withBelow)]
  }

  get stored(): StoredList {
    return {
      pages: this.#pages.map(({ ref }) => ref),
      skipped: this.#skipped,
      refs: this.#last,
      count: this.#size.count,
      bytes: this.#size.bytes,
    }
  }

  /** Adds segments. `namePage` names the pages that are full now. */
  append(refs: readonly SegmentRef[], namePage: NameSegment): SegmentList {
    let pages = this.#pages
    let last = [...this.#last, ...refs]
    while (last.length >= this.#pageRefs) {
      const full = last.slice(0, this.#pageRefs)
      last = last.slice(this.#pageRefs)
      const ref = { ...namePage(encode(full.map(packRef))), level: 1 }
      pages = this.#withPage(pages, { ref, refs: full, below: [] }, namePage)
    }
    const size = sized(this.#size, 1, refs)
    return new SegmentList(pages, this.#skipped, last, size, this.#pageRefs)
  }

  /** Removes the oldest segments. */
  dropFirst(count: number): ListChange {
    if (count === 0) return { list: this, retired: [] }
    const dropped = this.#first(count)
    const size = sized(this.#size, -1, dropped)
    const pages = [...this.#pages]
    let skipped = this.#skipped + count
    const left: Page[] = []
    while (pages[0] !== undefined && skipped >= pages[0].refs.length) {
      const [first] = pages.splice(0, 1) as [Page]
      skipped -= first.refs.length
      left.push(first)
    }
    const list =
      pages.length > 0
        ? new SegmentList(pages, skipped, this.#last, size, this.#pageRefs)
        : new SegmentList([], 0, this.#last.slice(skipped), size, this.#pageRefs)
    return { list, retired: [...dropped, ...left.flatMap(withBelow)] }
  }

  /** The number of segments of batches before a time. */
  countBefore(timeMs: number): number {
    let count = 0
    for (const ref of this.#oldestFirst()) {
      if (Number(ref.at) >= timeMs) break
      count += 1
    }
    return count
  }

  #first(count: number): readonly SegmentRef[] {
    return this.#oldestFirst().take(count).toArray()
  }

  /** Adds a page. A full row of pages becomes one of the next level. */
  #withPage(pages: readonly Page[], page: Page, namePage: NameSegment): readonly Page[] {
    const { level } = page.ref
    const same = [...pages.filter(({ ref }) => ref.level === level), page]
    if (same.length < this.#pageRefs) return [...pages, page]
    const above: Page = {
      ref: { ...namePage(encode(same.map(({ ref }) => packRef(ref)))), level: level + 1 },
      refs: same.flatMap(({ refs }) => refs),
      below: same.flatMap(withBelow),
    }
    const higher = pages.filter(({ ref }) => ref.level > level)
    return this.#withPage(higher, above, namePage)
  }

  /** Looks only at what is asked for: a window may have a hundred thousand panes. */
  *#oldestFirst(): Generator<SegmentRef> {
    let skip = this.#skipped
    for (const { refs } of this.#pages) {
      for (let index = skip; index < refs.length; index++) yield refs[index] as SegmentRef
      skip = 0
    }
    yield* this.#last
  }

  /** Puts segments in the place of those from `from` up to `to`. The others stay. */
  replace(
    from: number,
    to: number,
    refs: readonly SegmentRef[],
    namePage: NameSegment,
  ): ListChange {
    const before = this.refs
    const list = SegmentList.empty(this.#pageRefs).append(
      [...before.slice(0, from), ...refs, ...before.slice(to)],
      namePage,
    )
    return { list, retired: [...before.slice(from, to), ...this.#pages.flatMap(withBelow)] }
  }
}

interface Size {
  readonly count: number
  readonly bytes: number
}

const sized = ({ count, bytes }: Size, sign: 1 | -1, refs: readonly SegmentRef[]): Size => ({
  count: count + sign * refs.length,
  bytes: bytes + sign * bytesOf(refs),
})

const withBelow = ({ ref, below }: Page): readonly PageRef[] => [ref, ...below]

export const bytesOf = (refs: readonly SegmentRef[]): number =>
  refs.reduce((total, { bytes }) => total + bytes, 0)

/** Pages that are read at the same time. */
const PAGES_AT_ONCE = 64

/** Reads pages and all pages below them, level by level: a window of a day has thousands. */
const loadPages = async (
  node: string,
  refs: readonly PageRef[],
  read: ReadSegment,
): Promise<readonly Page[]> => {
  if (refs.length === 0) return []
  const contents = await mapAtOnce(refs, PAGES_AT_ONCE, async (ref) =>
    contentOfPage(node, ref, await read(ref)),
  )
  const pagesIn = (index: number): readonly PageRef[] =>
    refs[index]?.level === 1 ? [] : (contents[index] as readonly PageRef[])
  const below = await loadPages(
    node,
    refs.flatMap((_, index) => pagesIn(index)),
    read,
  )
  let next = 0
  return refs.map((ref, index): Page => {
    if (ref.level === 1) return { ref, refs: contents[index] ?? [], below: [] }
    const pages = below.slice(next, (next += pagesIn(index).length))
    return { ref, refs: pages.flatMap((page) => page.refs), below: pages.flatMap(withBelow) }
  })
}
