/** How a list of segments is stored: see segment-list.ts. */
import { decode } from '../base/codec.ts'
import { packRef, type PackedRef, type SegmentRef, unpackRef } from './segments.ts'

/** A reference to a page. Level 1: it holds references. Level n: it holds pages of level n - 1. */
export interface PageRef extends SegmentRef {
  readonly level: number
}

/** A list as a manifest holds it. */
export interface StoredList {
  /** Oldest first. */
  readonly pages: readonly PageRef[]
  /** References at the beginning of the first page that have left the list. */
  readonly skipped: number
  /** References that are in no page yet: the newest ones. */
  readonly refs: readonly SegmentRef[]
  /** The number of all segments of the list, without pages. */
  readonly count: number
  /** Their size before compression. */
  readonly bytes: number
}

/** The segments of one partition. */
export interface StoredPartition extends StoredList {
  /** How many of the first segments hold what the last large merge has written. */
  readonly large: number
  /** How many after these hold what small merges have written. The others are deltas. */
  readonly small: number
}

/** Nothing is stored. */
export const EMPTY_PARTITION: StoredPartition = Object.freeze({
  pages: [],
  skipped: 0,
  refs: [],
  count: 0,
  bytes: 0,
  large: 0,
  small: 0,
})

/** The node name under which the pages of a node are stored as segments. No node begins so. */
export const pagesNode = (node: string): string => `@pages/${node}`

/** What a page holds, as it is stored. */
export const contentOfPage = (
  node: string,
  { part, level }: PageRef,
  bytes: Uint8Array,
): readonly SegmentRef[] | readonly PageRef[] => pageFrom(node, part, level, decode(bytes))

/** The same, of what was decoded. */
export const pageFrom = (
  node: string,
  part: number,
  level: number,
  content: unknown,
): readonly SegmentRef[] | readonly PageRef[] => {
  const packed = content as readonly PackedRef[]
  return level === 1
    ? packed.map((one) => unpackRef(node, part, one))
    : packed.map((one) => pageRef(node, part, level - 1, one))
}

export const pageRef = (node: string, part: number, level: number, packed: PackedRef): PageRef => ({
  ...unpackRef(pagesNode(node), part, packed),
  level,
})

/** A list as it is packed into a manifest. */
export type PackedList = readonly [
  pages: readonly (readonly [level: number, ref: PackedRef])[],
  skipped: number,
  refs: readonly PackedRef[],
  count: number,
  bytes: number,
]

export const packList = ({ pages, skipped, refs, count, bytes }: StoredList): PackedList => [
  pages.map((page) => [page.level, packRef(page)]),
  skipped,
  refs.map(packRef),
  count,
  bytes,
]

export const unpackList = (
  node: string,
  part: number,
  [pages, skipped, refs, count, bytes]: PackedList,
): StoredList => ({
  pages: pages.map(([level, packed]) => pageRef(node, part, level, packed)),
  skipped,
  refs: refs.map((packed) => unpackRef(node, part, packed)),
  count,
  bytes,
})
