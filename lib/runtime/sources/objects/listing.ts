/**
 * Finds objects without a notification by listing. It lists a location once or twice when the
 * location is first watched, and never again.
 *
 * - Round 0, immediately, with `existing: 'all'`: finds objects that were there before.
 * - Round 1, some time later: finds objects that came before notifications took effect. S3 may take
 *   minutes for that.
 * - Round 2: nothing is left to do.
 *
 * The listing decides nothing: a found object counts like a notification, and the ledger knows what
 * was taken. Each batch lists at most one page. The progress is part of the offsets, so that after
 * a crash the listing continues from the last commit.
 */
import type { ObjectStore } from '../../../ports/object-store.ts'
import type { ListingProgress, PendingObject } from '../../../state/offsets.ts'

/** What to list, and from when. */
export interface ListingParts {
  readonly objects: ObjectStore
  /** The prefix of the keys. */
  readonly prefix: string
  readonly existing: 'ignore' | 'all'
}

/** The objects of one page of a listing, and the progress after it. */
export interface ListedPage {
  readonly found: readonly PendingObject[]
  readonly progress: ListingProgress
}

/** Three times as long as S3 says that the notifications of a bucket may take to work. */
const SETTLED_MS = 15 * 60_000
/**
 * The largest difference between clocks. An object that was modified earlier than this before the
 * first batch is not what round 1 looks for.
 */
const SKEW_MS = 3_600_000

/** Lists one location. */
export class Listing {
  readonly #parts: ListingParts
  readonly #place: string

  constructor(parts: ListingParts) {
    this.#parts = parts
    this.#place = `${parts.objects.description}/${parts.prefix}`
  }

  /** Lists one page, if a round is due at the batch time. */
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
   * The batch time from which there is something to list. -Infinity: any time. Undefined: never
   * again.
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
