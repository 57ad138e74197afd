/**
 * Moves a part of what a lane holds into a page (see `state/lane-pages.ts`): all its entries, or
 * neighbouring pages of one level, whatever makes its item smaller. So pages form a tree in which
 * no level has many more pages than another, and a lane with a million entries names a few.
 */
import type { ItemStore } from '../../ports/item-store.ts'
import { blockNode, packEntry } from '../../state/lane-entries.ts'
import {
  type LanePage,
  type LanePart,
  namePage,
  type NamedPage,
  isPage,
  packPage,
} from '../../state/lane-pages.ts'
import type { Lane } from '../../state/lanes.ts'

/** What an item can hold: pages and entries. */
type Held = Pick<Lane, 'pages' | 'entries'>

/** The size of entries and pages in the item of a lane, in bytes. */
export const bytesOf = ({ pages, entries }: Held): number => bytesOfParts([...pages, ...entries])

const bytesOfParts = (parts: readonly LanePart[]): number =>
  Buffer.byteLength(
    JSON.stringify(parts.map((part) => (isPage(part) ? packPage(part) : packEntry(part)))),
  )

/** Undefined: there is nothing to move. */
export const movedToPage = (
  place: { readonly store: ItemStore; readonly app: string },
  { source, lane, by }: { readonly source: string; readonly lane: string; readonly by: string },
  { pages, entries }: Held,
): (Held & { readonly page: NamedPage }) | undefined => {
  const name = { node: blockNode(source, lane), by }
  const [from, to] = longestRun(pages)
  const run = pages.slice(from, to)
  if (run.length > 1 && bytesOfParts(run.slice(1)) > bytesOfParts(entries)) {
    const page = namePage(place, name, run)
    return { pages: [...pages.slice(0, from), page.page, ...pages.slice(to)], entries, page }
  }
  if (entries.length === 0) return undefined
  const page = namePage(place, name, entries)
  return { pages: [...pages, page.page], entries: [], page }
}

/** Where the most neighbouring pages of one level are; of several such runs, the newest. */
const longestRun = (pages: readonly LanePage[]): readonly [from: number, to: number] => {
  let longest: readonly [number, number] = [0, 0]
  let from = 0
  for (const [index, { level }] of pages.entries()) {
    if (level !== pages[from]?.level) from = index
    if (index + 1 - from >= longest[1] - longest[0]) longest = [from, index + 1]
  }
  return longest
}
