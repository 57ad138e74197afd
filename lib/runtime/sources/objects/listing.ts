/**
 * Finds by listing what no notification speaks of: twice when a place is first watched, and never
 * again.
 *
 *   round 0   at once, with `existing: 'all'`: what was there before
 *   round 1   a while later: what came while the place's notifications had not taken effect, which S3 gives minutes for
 *   round 2   nothing is left to do
 *
 * Nothing is decided here: what is found is a hint like any other, and the ledger knows what was
 * taken. Each batch lists a page at most, and how far it has come stands in the cut, so that a
 * crash goes on from the last commit.
 */
import type { ObjectStore } from '../../../ports/object-store.ts'
import type { ListingProgress, PendingObject } from '../../../state/offsets.ts'

/** What to list, and from when. */
export interface ListingParts {
  readonly objects: ObjectStore
  /** What keys begin with. */
  readonly prefix: string
  readonly existing: 'ignore' | 'all'
}

/** A page of a listing as hints, and how far the listing has come with it. */
export interface ListedPage {
  readonly found: readonly PendingObject[]
  readonly progress: ListingProgress
}

/** Three times what S3 says it may take until a bucket's notifications work. */
const SETTLED_MS = 15 * 60_000
/**
 * What was modified so long before a round is older than all that it looks for, whatever the clocks
 * say.
 */
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
  async page(before: ListingProgress | undefined, timeMs: number): Promise<ListedPage> {
    const progress = before?.place === this.#place ? before : this.#begin(timeMs)
    if (progress.round === 2 || progress.dueMs > timeMs) return { found: [], progress }
    const { objects, next } = await this.#parts.objects.list(this.#parts.prefix, progress.after)
    const found = objects
      .filter(({ modifiedMs }) => progress.round === 0 || modifiedMs > progress.begunMs - SKEW_MS)
      .map(({ key, modifiedMs }) => ({ key, eventMs: modifiedMs }))
    return {
      found,
      progress: next === undefined ? roundAfter(progress, timeMs) : { ...progress, after: next },
    }
  }

  /**
   * When there is something to list: at any time (-Infinity), or from a batch time on; undefined:
   * never again.
   */
  dueMs(progress: ListingProgress | undefined): number | undefined {
    if (progress?.place !== this.#place || progress.round === 0) return -Infinity
    return progress.round === 1 ? progress.dueMs : undefined
  }

  #begin(timeMs: number): ListingProgress {
    const place = this.#place
    return this.#parts.existing === 'all'
      ? { place, round: 0, begunMs: timeMs, dueMs: timeMs }
      : { place, round: 1, begunMs: timeMs, dueMs: timeMs + SETTLED_MS }
  }
}

const roundAfter = (
  { place, round, begunMs }: ListingProgress,
  timeMs: number,
): ListingProgress => ({
  place,
  round: round === 0 ? 1 : 2,
  begunMs,
  dueMs: timeMs + SETTLED_MS,
})
