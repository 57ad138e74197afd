/**
 * Pages: what waits in a lane for long moves out of its item, so that an append costs the same
 * whether ten or ten thousand others wait. A page is an immutable segment. One of level 0 holds
 * entries, one of a higher level holds pages: together they are a tree, oldest first.
 *
 * - B5: intake writes a page before the lane names it. A page has the random id of the append that
 *   writes it, and an append writes at most one.
 * - B11: a page is garbage as soon as a committed offset is at or after its last position. It has
 *   the node of the blocks of its lane and this position as its `at`, so blocks and pages are
 *   retired and swept by the same rule.
 */
import { decode, encode } from '../base/codec.ts'
import { invariant } from '../base/errors.ts'
import type { ItemStore } from '../ports/item-store.ts'
import {
  blockNode,
  entryAfter,
  isAfter,
  type LaneEntry,
  packEntry,
  type PackedEntry,
  unpackEntry,
} from './lane-entries.ts'
import {
  type NamedSegment,
  nameSegment,
  packRef,
  type PackedRef,
  readSegment,
  type SegmentRef,
  unpackRef,
} from './segments.ts'

/** How much waits. */
export interface LaneSize {
  readonly entries: number
  /** Records, without dead letters. */
  readonly count: number
  readonly bytes: number
  readonly deadLetters: number
}

/** A page as a lane or a page above it names it, with what it holds in all. */
export interface LanePage extends LaneSize {
  /** Its `at` is the last position that it holds. */
  readonly ref: SegmentRef
  /** 0: it holds entries. Else it holds pages of lower levels. */
  readonly level: number
}

/** An entry or a page: what a lane and a page are made of. */
export type LanePart = LaneEntry | LanePage

/** Whether a part is a page. */
export const isPage = (part: LanePart): part is LanePage => 'level' in part

/** The size of some parts together. */
export const sizeOf = (parts: readonly LanePart[]): LaneSize => {
  const sum = (field: 'count' | 'bytes' | 'deadLetters'): number =>
    parts.reduce((total, part) => total + part[field], 0)
  return {
    entries: parts.reduce((total, part) => total + (isPage(part) ? part.entries : 1), 0),
    count: sum('count'),
    bytes: sum('bytes'),
    deadLetters: sum('deadLetters'),
  }
}

/** The parts after an offset. The first of them may be a page that is partly consumed. */
export const partsAfter = (parts: readonly LanePart[], offset: string): readonly LanePart[] =>
  parts.flatMap((part): readonly LanePart[] => {
    if (!isPage(part)) return entryAfter(part, offset)
    return isAfter(part.ref.at, offset) ? [part] : []
  })

/** A page as it is stored, in lanes, in other pages and in batch inputs. */
export type PackedPage = readonly [
  ...PackedRef,
  level: number,
  entries: number,
  count: number,
  dataBytes: number,
  deadLetters: number,
]

export const packPage = ({
  ref,
  level,
  entries,
  count,
  bytes,
  deadLetters,
}: LanePage): PackedPage => [...packRef(ref), level, entries, count, bytes, deadLetters]

export const unpackPage = (
  source: string,
  lane: string,
  [at, by, chunks, size, checksum, level, entries, count, bytes, deadLetters]: PackedPage,
): LanePage => ({
  ref: unpackRef(blockNode(source, lane), 0, [at, by, chunks, size, checksum]),
  level,
  entries,
  count,
  bytes,
  deadLetters,
})

/** A page that has a name already, but is not written yet. */
export interface NamedPage {
  readonly page: LanePage
  readonly segment: NamedSegment
}

/** Names a page of some entries, or of some pages. There is at least one. */
export const namePage = (
  { store, app }: { readonly store: ItemStore; readonly app: string },
  { node, by }: { readonly node: string; readonly by: string },
  parts: readonly LanePart[],
): NamedPage => {
  const last = parts.at(-1) as LanePart
  const at = isPage(last) ? last.ref.at : last.last
  const content = parts.map((part) => (isPage(part) ? packPage(part) : packEntry(part)))
  const segment = nameSegment(store, app, { node, part: 0, at, by }, encode(content))
  const level = 1 + parts.reduce((most, part) => Math.max(most, isPage(part) ? part.level : -1), -1)
  return { page: { ref: segment.ref, level, ...sizeOf(parts) }, segment }
}

/** The parts in the content of a page. */
export const partsInPage = (
  source: string,
  lane: string,
  { level }: Pick<LanePage, 'level'>,
  content: unknown,
): readonly LanePart[] =>
  level === 0
    ? (content as readonly PackedEntry[]).map((entry) => unpackEntry(source, lane, entry))
    : (content as readonly PackedPage[]).map((page) => unpackPage(source, lane, page))

/**
 * Reads what a page holds.
 *
 * @throws MillraceError the errors of `readSegment`.
 */
export const readPage = async (
  { store, app }: { readonly store: ItemStore; readonly app: string },
  { source, lane }: { readonly source: string; readonly lane: string },
  page: LanePage,
): Promise<readonly LanePart[]> => {
  const parts = partsInPage(source, lane, page, decode(await readSegment(store, app, page.ref)))
  const { count } = sizeOf(parts)
  const text = `a page of ${lane} holds ${count} records, and ${page.count} are said of it`
  invariant('B7', count === page.count, text)
  return parts
}
