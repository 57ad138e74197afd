/**
 * The batches that the page has read, at most 10,000, the oldest first. They are read once, when
 * somebody looks, and then only what is new. So ten open pages cost what one costs.
 */
import type { BatchesAnswer, BatchRow, SeriesAnswer } from '../../page/answers.ts'
import { type BatchRecord } from '../../lib/state/history/batch-record.ts'
import { historyPages } from '../../lib/state/history/read-history.ts'
import { recordsBySource, rowOf } from './batch-answers.ts'
import type { PageSource } from './page-source.ts'

/** A row with the records of each source. */
export type KnownBatch = BatchRow & { readonly sources: Readonly<Record<string, number>> }

const KEPT_MAX = 10_000
/** A week of batches in a table costs units to read. */
const KEPT_MAX_DEPLOYED = 2_500
const FRESH_PAGE = 50
const DAY_MS = 86_400_000
const KEPT_DAYS = 9
/** So many distances between batches say what the interval is. */
const INTERVALS_SEEN = 50
/** So many batches say whether they take too long. */
const PACE_SEEN = 10

const nameOf = ({ timeMs, status, attempt }: BatchRow): string => `${timeMs}#${status}#${attempt}`

/** A record as the page keeps it. */
export const knownBatch = (record: BatchRecord): KnownBatch => ({
  ...rowOf(record),
  sources: recordsBySource(record),
})

/** Reads and keeps batches. */
export class KnownBatches {
  readonly #source: PageSource
  readonly #max: number
  #batches: KnownBatch[] = []
  #isRead = false
  #reading: Promise<void> | undefined

  constructor(source: PageSource) {
    this.#source = source
    this.#max = source.how === 'deployed' ? KEPT_MAX_DEPLOYED : KEPT_MAX
  }

  /** Reads what is new up to this time. Calls at the same time share one reading. */
  async catchUp(toMs: number): Promise<void> {
    this.#reading ??= this.#read(toMs).finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  async #read(toMs: number): Promise<void> {
    const { store, app } = this.#source
    const fromMs = this.#batches.at(-1)?.timeMs ?? toMs - KEPT_DAYS * DAY_MS
    const fresh: BatchRecord[] = []
    const pages = historyPages(store, app, {
      fromMs,
      toMs,
      ...(this.#isRead ? { pageSize: FRESH_PAGE } : {}),
    })
    for await (const page of pages) {
      for (const record of page) fresh.push(record)
      if (fresh.length >= this.#max) break
    }
    this.#isRead = true
    this.add(fresh.toReversed().map(knownBatch))
  }

  /** Adds batches that are new, the oldest first. */
  add(fresh: readonly KnownBatch[]): void {
    const known = new Set(this.#batches.slice(-FRESH_PAGE * 2).map(nameOf))
    const added = fresh.filter((batch) => !known.has(nameOf(batch)))
    if (added.length === 0) return
    this.#batches = [...this.#batches, ...added]
      .toSorted(
        (a, b) =>
          a.timeMs - b.timeMs ||
          Number(a.status !== 'failed') - Number(b.status !== 'failed') ||
          a.attempt - b.attempt,
      )
      .slice(-this.#max)
  }

  /** The time of the newest batch. */
  get lastMs(): number | undefined {
    return this.#batches.at(-1)?.timeMs
  }

  /** The shortest time between two of the last batches. */
  get intervalMs(): number | undefined {
    const times = this.#batches.slice(-INTERVALS_SEEN).map(({ timeMs }) => timeMs)
    const distances = times.flatMap((timeMs, index) => {
      const distance = timeMs - (times[index - 1] ?? timeMs)
      return distance > 0 ? [distance] : []
    })
    return distances.length === 0
      ? undefined
      : distances.reduce((least, one) => Math.min(least, one))
  }

  /** How long the last batches took, in the middle. Undefined: there are too few. */
  get processingMs(): number | undefined {
    const last = this.#batches.filter(({ status }) => status === 'completed').slice(-PACE_SEEN)
    if (last.length < PACE_SEEN) return undefined
    const sorted = last.map(({ processingMs }) => processingMs).toSorted((a, b) => a - b)
    return sorted[PACE_SEEN / 2]
  }

  /** The times of the batches beside one. */
  beside(timeMs: number): { readonly earlierMs?: number; readonly laterMs?: number } {
    const earlier = this.#batches.findLast((batch) => batch.timeMs < timeMs)
    const later = this.#batches.find((batch) => batch.timeMs > timeMs)
    return {
      ...(earlier === undefined ? {} : { earlierMs: earlier.timeMs }),
      ...(later === undefined ? {} : { laterMs: later.timeMs }),
    }
  }

  /** A page of rows, the newest first. */
  page(before: number, limit: number): BatchesAnswer {
    const earlier = this.#batches.filter(({ timeMs }) => timeMs < before)
    const wanted = earlier.slice(-limit)
    // All attempts at a batch are on one page.
    const firstMs = wanted[0]?.timeMs ?? 0
    const batches = earlier.filter(({ timeMs }) => timeMs >= firstMs)
    const hasMore = batches.length < earlier.length
    return {
      batches: batches.toReversed().map(({ sources: _sources, ...row }) => row),
      ...(hasMore ? { before: firstMs } : {}),
    }
  }

  /** The figures of the last batches by column. */
  series(limit: number): SeriesAnswer {
    const shown = this.#batches.slice(-limit)
    const done = shown.filter(({ status }) => status === 'completed')
    const generation = shown.findLast((one) => one.generation !== undefined)?.generation
    const ids = [...new Set(done.flatMap(({ sources }) => Object.keys(sources)))]
    return {
      timesMs: done.map(({ timeMs }) => timeMs),
      processingMs: done.map(({ processingMs }) => processingMs),
      schedulingDelayMs: done.map(({ schedulingDelayMs = null }) => schedulingDelayMs),
      totalDelayMs: done.map(({ totalDelayMs = null }) => totalDelayMs),
      sources: Object.fromEntries(
        ids.map((id) => [id, done.map(({ sources }) => sources[id] ?? 0)]),
      ),
      failedMs: [
        ...new Set(shown.flatMap((one) => (one.status === 'completed' ? [] : [one.timeMs]))),
      ],
      deployments: deploymentsIn(shown),
      ...(generation === undefined ? {} : { generation }),
    }
  }
}

const deploymentsIn = (batches: readonly BatchRow[]): SeriesAnswer['deployments'] => {
  const found: { timeMs: number; generation: number }[] = []
  let last: number | undefined
  for (const { timeMs, generation } of batches) {
    if (generation === undefined || generation === last) continue
    if (last !== undefined) found.push({ timeMs, generation })
    last = generation
  }
  return found
}
