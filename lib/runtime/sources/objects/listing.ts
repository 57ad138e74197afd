/**
 * Finds objects without a notification by listing: those that were there before, and those whose
 * notification never came. It goes on for ever, slowly.
 *
 * - Round 0, immediately, with `existing: 'all'`: finds objects that were there before.
 * - Round 1, a quarter of an hour later: finds objects that came before notifications took effect.
 *   S3 may take minutes for that.
 * - Then a sweep at each `listEveryMs`: finds objects whose notification was lost.
 *
 * The listing decides nothing: a found object counts like a notification, and the ledger knows what
 * was taken. A round only looks at objects that were modified since shortly before the last round
 * began. So its cost is that of the listing and of the new objects, not of all objects. Each batch
 * lists a few pages, and no more than it needs to be full. The progress is part of the offsets, so
 * that after a crash the listing continues from the last commit.
 */
import { isMillraceError } from '../../../base/errors.ts'
import { DEFAULT_LIST_EVERY_MS } from '../../../dstream/sources/file-selection.ts'
import type { ObjectStore } from '../../../ports/object-store.ts'
import type { Backfill, ListingProgress, PendingObject } from '../../../state/offsets.ts'
import type { Listener } from '../../events.ts'

/** What to list, and from when. */
export interface ListingParts {
  /** The id of the source node, for events. */
  readonly source: string
  readonly objects: ObjectStore
  /** The prefix of the keys. */
  readonly prefix: string
  readonly existing: 'ignore' | 'all'
  /** The time from the end of a sweep to the beginning of the next. Default: an hour. */
  readonly listEveryMs?: number | 'never' | undefined
  readonly report: Listener
}

/** The objects of some pages of a listing, and the progress after them. */
export interface ListedPages {
  readonly found: readonly PendingObject[]
  readonly progress: ListingProgress
}

/** When to list. */
export interface ListingRequest {
  /** The batch time. */
  readonly timeMs: number
  /** When the application first started. With `existing: 'ignore'`, older objects do not count. */
  readonly startedMs: number
  /** The first batch time that has not been run. It may be long ago: then nothing ran since. */
  readonly firstMs: number
  /** How many objects the batch may take. Default: {@link FOUND_ENOUGH}. */
  readonly objectsMax?: number
}

/** Three times as long as S3 says that the notifications of a bucket may take to work. */
const SETTLED_MS = 15 * 60_000
/**
 * How much earlier than the last round an object may have been modified. It covers clocks that
 * differ, and multipart uploads, whose modification time is when they began.
 */
const MARGIN_MS = 3_600_000
/** The most pages that a batch lists. On S3, a page has a thousand names and takes 0.1 s. */
const PAGES_MAX = 10
/**
 * A batch that may take few objects lists no further page after this many: each costs a question,
 * and the offsets contain those that the batch does not take.
 */
const FOUND_ENOUGH = 100
/** The pause after a listing that failed. */
const RETRY_MS = 60_000

/** Lists one location. */
export class Listing {
  readonly #parts: ListingParts
  readonly #place: string
  /** Undefined: there are no sweeps. */
  readonly #everyMs: number | undefined

  constructor(parts: ListingParts) {
    const { listEveryMs = DEFAULT_LIST_EVERY_MS } = parts
    this.#parts = parts
    this.#everyMs = listEveryMs === 'never' ? undefined : listEveryMs
    this.#place = `${parts.objects.description}/${parts.prefix}`
  }

  /** Lists some pages, if a round is due at the batch time. A failure is reported, and delays. */
  async pages(
    before: ListingProgress | undefined,
    { timeMs, startedMs, firstMs, objectsMax = 0 }: ListingRequest,
  ): Promise<ListedPages> {
    let progress = before?.place === this.#place ? before : this.#begin(firstMs)
    const begun = progress
    const found: PendingObject[] = []
    const enough = Math.max(FOUND_ENOUGH, objectsMax)
    try {
      for (let pages = 0; pages < PAGES_MAX && found.length < enough; pages++) {
        if ((this.dueMs(progress) ?? Infinity) > timeMs) break
        const page = await this.#page(progress, { timeMs, startedMs })
        for (const object of page.found) found.push(object)
        progress = page.progress
      }
    } catch (error) {
      if (!isMillraceError(error)) throw error
      const { code, message } = error
      this.#parts.report({ event: 'warning', code, message: `Listing is delayed: ${message}` })
      progress = { ...progress, dueMs: timeMs + RETRY_MS }
    }
    this.#tell(begun, progress)
    return { found, progress }
  }

  /** Tells how far the first round has come. */
  #tell(begun: ListingProgress, { backfill, after }: ListingProgress): void {
    if (backfill === undefined || backfill.listed === begun.backfill?.listed) return
    const { source, report } = this.#parts
    const { listed, found, doneMs } = backfill
    const isDone = doneMs !== undefined
    const place = isDone || after === undefined ? {} : { after }
    report({ event: 'backfill', source, listed, found, isDone, ...place })
  }

  /**
   * The batch time from which there is something to list. -Infinity: any time. Undefined: never
   * again.
   */
  dueMs(progress: ListingProgress | undefined): number | undefined {
    if (progress?.place !== this.#place) return -Infinity
    const isOver = progress.round === 2 && this.#everyMs === undefined
    return isOver ? undefined : progress.dueMs
  }

  async #page(
    progress: ListingProgress,
    { timeMs, startedMs }: Pick<ListingRequest, 'timeMs' | 'startedMs'>,
  ): Promise<ListedPages> {
    const { existing, prefix, objects: store } = this.#parts
    const { objects, next } = await store.list(prefix, progress.after)
    const { sinceMs = progress.begunMs - MARGIN_MS } = progress
    const fromMs = existing === 'all' ? sinceMs : Math.max(sinceMs, startedMs)
    const found = objects
      .filter(({ modifiedMs }) => modifiedMs > fromMs)
      .map(({ key, modifiedMs }) => ({ key, eventMs: modifiedMs }))
    const roundMs = progress.after === undefined ? timeMs : (progress.roundMs ?? timeMs)
    const counts = { listed: objects.length, found: found.length, isLast: next === undefined }
    const counted = { ...progress, ...backfillAfter(progress, counts, timeMs) }
    return {
      found,
      progress:
        next === undefined
          ? this.#roundAfter(counted, roundMs, timeMs)
          : { ...counted, roundMs, after: next },
    }
  }

  /** What came while no batch ran is new, too. */
  #begin(firstMs: number): ListingProgress {
    const begun = { place: this.#place, begunMs: firstMs }
    return this.#parts.existing === 'all'
      ? { ...begun, round: 0, sinceMs: 0, dueMs: firstMs }
      : { ...begun, round: 1, dueMs: firstMs + SETTLED_MS }
  }

  #roundAfter(
    { place, round, begunMs, backfill }: ListingProgress,
    roundMs: number,
    timeMs: number,
  ): ListingProgress {
    return {
      place,
      round: round === 0 ? 1 : 2,
      begunMs,
      sinceMs: roundMs - MARGIN_MS,
      ...(backfill === undefined ? {} : { backfill }),
      dueMs: timeMs + (round === 0 ? SETTLED_MS : (this.#everyMs ?? 0)),
    }
  }
}

/** What the first round has found after a page. Later rounds count nothing. */
const backfillAfter = (
  { round, backfill = { listed: 0, found: 0 } }: ListingProgress,
  page: { readonly listed: number; readonly found: number; readonly isLast: boolean },
  timeMs: number,
): { readonly backfill?: Backfill } =>
  round !== 0
    ? {}
    : {
        backfill: {
          listed: backfill.listed + page.listed,
          found: backfill.found + page.found,
          ...(page.isLast ? { doneMs: timeMs } : {}),
        },
      }
