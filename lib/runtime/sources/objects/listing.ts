/**
 * Finds by listing what no notification speaks of: twice when a place is first watched, and never again.
 *
 *   round 0   at once, with `existing: 'all'`: what was there before
 *   round 1   a while later: what came while the place's notifications had not taken effect, which S3 gives minutes for
 *   round 2   nothing is left to do
 *
 * Nothing is decided here: what is found is a hint like any other, and the ledger knows what was taken. Each batch lists a page at most, and
 * how far it has come stands in the cut, so that a crash goes on from the last commit.
 */
import type { ObjectStore } from '../../../ports/object-store.ts'
import type { ObjectNotification } from './notifications.ts'

/** How far the listing of a place has come. */
export interface ListingCut {
  /** Another place is listed from the beginning. */
  readonly place: string
  readonly round: 0 | 1 | 2
  /** The first batch time at this place. */
  readonly begunMs: number
  /** Not before this batch time. */
  readonly dueMs: number
  /** The last key that was listed in this round. */
  readonly after?: string
}

/** What to list, and from when. */
export interface ListingParts {
  readonly objects: ObjectStore
  /** What keys begin with. */
  readonly prefix: string
  readonly existing: 'ignore' | 'all'
}

/** A page of a listing as hints, and how far the listing has come with it. */
export interface ListedPage {
  readonly notifications: readonly ObjectNotification[]
  readonly listing: ListingCut
}

/** Three times what S3 says it may take until a bucket's notifications work. */
const SETTLED_MS = 15 * 60_000
/** What was modified so long before a round is older than all that it looks for, whatever the clocks say. */
const SKEW_MS = 3_600_000

/** Lists one place. */
export class Listing {
  readonly #parts: ListingParts
  readonly #place: string

  constructor(parts: ListingParts) {
    this.#parts = parts
    this.#place = `${parts.objects.description}/${parts.prefix}`
  }

  /** Lists what is due at a batch time: one page. */
  async page(cut: ListingCut | undefined, timeMs: number): Promise<ListedPage> {
    const listing = cut?.place === this.#place ? cut : this.#begin(timeMs)
    if (listing.round === 2 || listing.dueMs > timeMs) return { notifications: [], listing }
    const { objects, next } = await this.#parts.objects.list(this.#parts.prefix, listing.after)
    const notifications = objects
      .filter(({ modifiedMs }) => listing.round === 0 || modifiedMs > listing.begunMs - SKEW_MS)
      .map(({ key, modifiedMs }) => ({ key, eventMs: modifiedMs }))
    return {
      notifications,
      listing: next === undefined ? roundAfter(listing, timeMs) : { ...listing, after: next },
    }
  }

  /** When there is something to list: at any time (-Infinity), or from a batch time on; undefined: never again. */
  dueMs(cut: ListingCut | undefined): number | undefined {
    if (cut?.place !== this.#place || cut.round === 0) return -Infinity
    return cut.round === 1 ? cut.dueMs : undefined
  }

  #begin(timeMs: number): ListingCut {
    const place = this.#place
    return this.#parts.existing === 'all'
      ? { place, round: 0, begunMs: timeMs, dueMs: timeMs }
      : { place, round: 1, begunMs: timeMs, dueMs: timeMs + SETTLED_MS }
  }
}

const roundAfter = ({ place, round, begunMs }: ListingCut, timeMs: number): ListingCut => ({
  place,
  round: round === 0 ? 1 : 2,
  begunMs,
  dueMs: timeMs + SETTLED_MS,
})
