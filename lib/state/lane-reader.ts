/**
 * Reads what waits in a lane, and no more than is asked for: a lane of ten thousand entries has
 * most of them in pages, and a batch takes some.
 *
 * A page is read only if a part of it is after the offset. So it is unconsumed, and in the store
 * (B11). One that is missing means that the offset is old: the caller reads the head again.
 */
import { mapAtOnce } from '../base/concurrency.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { LaneEntry } from './lane-entries.ts'
import {
  isPage,
  type LanePage,
  type LanePart,
  type LaneSize,
  partsAfter,
  readPage,
  sizeOf,
} from './lane-pages.ts'
import type { Lane } from './lanes.ts'
import type { SegmentRef } from './segments.ts'

const PAGES_AT_ONCE = 32

/** The store in which lanes are. */
export interface LaneStore {
  readonly store: ItemStore
  readonly app: string
}

/** What waits in a lane after an offset. Exact, although most of it is not read. */
export interface Waiting extends LaneSize {
  /** The first entry. Undefined: nothing waits. */
  readonly first: LaneEntry | undefined
}

/** The entries and pages of a lane, in their order. */
export const partsOf = ({
  pages,
  entries,
}: Pick<Lane, 'pages' | 'entries'>): readonly LanePart[] => [...pages, ...entries]

/** Whether anything waits in a lane. Reads nothing. */
export const isWaiting = (lane: Lane, offset: string): boolean =>
  partsAfter(partsOf(lane), offset).length > 0

/** How much waits in a lane. Reads only the pages on the way to its first entry. */
export const waitingIn = async (place: LaneStore, lane: Lane, offset: string): Promise<Waiting> => {
  let parts = partsAfter(partsOf(lane), offset)
  for (let [first] = parts; first !== undefined && isPage(first); [first] = parts)
    parts = [...partsAfter(await readPage(place, lane, first), offset), ...parts.slice(1)]
  const [first] = parts
  return { ...sizeOf(parts), first: first as LaneEntry | undefined }
}

/** No more pages are read of a lane than these limits need. */
export type ReadLimits = Pick<LaneSize, 'entries' | 'count' | 'bytes'>

/** The first entries that wait in a lane. */
export interface FirstEntries {
  readonly entries: readonly LaneEntry[]
  /** The pages that were read. */
  readonly pages: readonly LanePage[]
  /** What waits after these entries. */
  readonly rest: LaneSize
}

/**
 * Reads the first entries that wait in a lane: at least up to the first one that is beyond the
 * limits, and all that are in the pages read for that. The pages of one level are read at the same
 * time.
 */
export const firstEntries = async (
  place: LaneStore,
  lane: Lane,
  offset: string,
  limits: ReadLimits,
): Promise<FirstEntries> => {
  const pages: LanePage[] = []
  let parts = partsAfter(partsOf(lane), offset)
  for (;;) {
    const due = parts.slice(0, reachOf(parts, limits)).filter(isPage)
    if (due.length === 0) return { ...beforePages(parts), pages }
    const read = await mapAtOnce(due, PAGES_AT_ONCE, async (page) => readPage(place, lane, page))
    for (const page of due) pages.push(page)
    const inPage = new Map(due.map((page, index) => [page, read[index] ?? []]))
    parts = parts.flatMap((part) =>
      isPage(part) ? partsAfter(inPage.get(part) ?? [part], offset) : [part],
    )
  }
}

/** The entries before the first page, and how much is in the parts from there on. */
const beforePages = (parts: readonly LanePart[]): Pick<FirstEntries, 'entries' | 'rest'> => {
  const index = parts.findIndex(isPage)
  const end = index === -1 ? parts.length : index
  const entries = parts.slice(0, end).flatMap((part) => (isPage(part) ? [] : [part]))
  return { entries, rest: sizeOf(parts.slice(end)) }
}

/** The number of parts up to the first one that is beyond the limits, which is included. */
const reachOf = (parts: readonly LanePart[], limits: ReadLimits): number => {
  const total = { entries: 0, count: 0, bytes: 0 }
  const index = parts.findIndex((part) => {
    total.entries += isPage(part) ? part.entries : 1
    total.count += part.count
    total.bytes += part.bytes
    return (
      total.entries > limits.entries || total.count > limits.count || total.bytes > limits.bytes
    )
  })
  return index === -1 ? parts.length : index + 1
}

/** All blocks and pages that wait in a lane, some at a time. A page comes after what it holds. */
export async function* waitingSegments(
  place: LaneStore,
  lane: Lane,
  offset: string,
): AsyncGenerator<readonly SegmentRef[]> {
  const parts = partsAfter(partsOf(lane), offset)
  yield* segmentsOf(place, lane, parts, offset)
}

async function* segmentsOf(
  place: LaneStore,
  lane: Lane,
  parts: readonly LanePart[],
  offset: string,
): AsyncGenerator<readonly SegmentRef[]> {
  const blocks = parts.flatMap((part) => (isPage(part) ? [] : part.blocks))
  if (blocks.length > 0) yield blocks
  for (const page of parts.filter(isPage)) {
    const held = partsAfter(await readPage(place, lane, page), offset)
    yield* segmentsOf(place, lane, held, offset)
    yield [page.ref]
  }
}
