/**
 * The batches that the page has read, at most 10,000, the oldest first. Each is read once: first
 * the newest ones, then what is new, and older ones when somebody asks for them. So a page is soon
 * there, and ten open pages cost what one costs.
 */
import { PRICES_OF } from '../../lib/base/prices.ts'
import type { BatchesAnswer, BatchRow, BillAnswer, SeriesAnswer } from '../../page/answers.ts'
import { BILL_NAMES, NOT_COUNTED } from '../bill-names.ts'
import { type BilledRecord, BillSum, dollarsByBatch } from '../../lib/runtime/operations/bill.ts'
import { type BatchRecord } from '../../lib/state/history/batch-record.ts'
import { intervalIn, median } from '../../lib/runtime/operations/doctor/figures.ts'
import { PACE_SEEN } from '../../lib/runtime/operations/doctor/pace.ts'
import { historyPages } from '../../lib/state/history/read-history.ts'
import { recordsBySource, rowOf } from './batch-answers.ts'
import type { PageSource } from './page-source.ts'

/** A row with the records of each source, and with what is billed. */
export type KnownBatch = BatchRow & {
  readonly sources: Readonly<Record<string, number>>
  /** Left out: nothing was counted. */
  readonly billed?: BilledRecord
}

const KEPT_MAX = 10_000
/** A week of batches in a table costs units to read. */
const KEPT_MAX_DEPLOYED = 2_500
const FRESH_PAGE = 50
/** So many are read first: as many as the time lines show. */
const FIRST = 1_000
const OLDER_PAGE = 1_000
const DAY_MS = 86_400_000
const KEPT_DAYS = 9

const nameOf = ({ timeMs, status, attempt }: BatchRow): string => `${timeMs}#${status}#${attempt}`

/** A record as the page keeps it. */
export const knownBatch = (record: BatchRecord): KnownBatch => ({
  ...rowOf(record),
  sources: recordsBySource(record),
  ...billedOf(record),
})

const billedOf = (record: BatchRecord): Pick<KnownBatch, 'billed'> => {
  const { timeMs, status, records, usage, intakeUsage, states } = record
  if (usage === undefined) return {}
  const also = { ...(intakeUsage && { intakeUsage }), ...(states && { states }) }
  return { billed: { timeMs, status, records, usage, ...also } }
}

/** Reads and keeps batches. */
export class KnownBatches {
  readonly #source: PageSource
  readonly #max: number
  #batches: KnownBatch[] = []
  /** Whether there are no older ones in the history. */
  #isWhole = false
  /** Readings go one after the other. */
  #reading: Promise<unknown> = Promise.resolve()
  #catching: Promise<void> | undefined

  constructor(source: PageSource) {
    this.#source = source
    this.#max = source.how === 'deployed' ? KEPT_MAX_DEPLOYED : KEPT_MAX
  }

  /** Reads what is new up to this time. Calls at the same time share one reading. */
  async catchUp(toMs: number): Promise<void> {
    this.#catching ??= this.#inTurn(() => this.#readNew(toMs)).finally(() => {
      this.#catching = undefined
    })
    await this.#catching
  }

  /** Reads older ones until so many are known, or so many before a time. */
  async reach(wanted: number, beforeMs: number = Infinity): Promise<void> {
    await this.#inTurn(async () => {
      const count = (): number => this.#batches.filter(({ timeMs }) => timeMs < beforeMs).length
      while (!this.#isWhole && this.#batches.length < this.#max && count() < wanted)
        await this.#readOlder()
    })
  }

  async #inTurn(read: () => Promise<void>): Promise<void> {
    const turn = this.#reading.then(read)
    this.#reading = turn.catch(() => undefined)
    await turn
  }

  async #readNew(toMs: number): Promise<void> {
    const lastMs = this.#batches.at(-1)?.timeMs
    if (lastMs === undefined) return this.#readFirst(toMs)
    const fresh: BatchRecord[] = []
    const range = { fromMs: lastMs, toMs, pageSize: FRESH_PAGE }
    for await (const page of historyPages(this.#source.store, this.#source.app, range)) {
      for (const record of page) fresh.push(record)
      if (fresh.length >= this.#max) break
    }
    this.add(fresh.toReversed().map(knownBatch))
  }

  async #readFirst(toMs: number): Promise<void> {
    const records = await this.#readBack(toMs, FIRST)
    this.#isWhole = records.length < FIRST
    this.add(records.toReversed().map(knownBatch))
  }

  async #readOlder(): Promise<void> {
    const oldestMs = this.#batches[0]?.timeMs
    if (oldestMs === undefined) {
      this.#isWhole = true
      return
    }
    // The attempts at the oldest batch may be on both sides, and it is read again with them.
    const records = await this.#readBack(oldestMs, OLDER_PAGE)
    this.#isWhole = records.length < OLDER_PAGE
    const before = this.#batches.length
    this.add(records.toReversed().map(knownBatch))
    this.#isWhole ||= this.#batches.length === before
  }

  /** Records up to a time, the newest first: so many, if there are, or a page more. */
  async #readBack(toMs: number, wanted: number): Promise<readonly BatchRecord[]> {
    const { store, app } = this.#source
    const found: BatchRecord[] = []
    const range = { fromMs: toMs - KEPT_DAYS * DAY_MS, toMs, pageSize: wanted }
    for await (const page of historyPages(store, app, range)) {
      for (const record of page) found.push(record)
      if (found.length >= wanted) break
    }
    return found
  }

  /** Adds batches, the oldest first. Those that are known already are left out. */
  add(fresh: readonly KnownBatch[]): void {
    const firstMs = fresh[0]?.timeMs ?? Infinity
    const lastMs = fresh.at(-1)?.timeMs ?? -Infinity
    const isNear = ({ timeMs }: KnownBatch): boolean => timeMs >= firstMs && timeMs <= lastMs
    const known = new Set(this.#batches.filter(isNear).map(nameOf))
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
    return intervalIn(this.#batches)
  }

  /** How long the last batches took, in the middle. Undefined: there are too few. */
  get processingMs(): number | undefined {
    const last = this.#batches.filter(({ status }) => status === 'completed').slice(-PACE_SEEN)
    if (last.length < PACE_SEEN) return undefined
    return median(last.map(({ processingMs }) => processingMs))
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
    const hasMore = batches.length < earlier.length || this.#mayHaveOlder
    return {
      batches: batches.toReversed().map(({ sources: _sources, billed: _billed, ...row }) => row),
      ...(hasMore ? { before: firstMs } : {}),
    }
  }

  get #mayHaveOlder(): boolean {
    return !this.#isWhole && this.#batches.length < this.#max
  }

  /** What all known batches cost. Undefined: nothing was counted. */
  bill(): BillAnswer | undefined {
    const billed = this.#batches.flatMap((batch) => batch.billed ?? [])
    if (billed.length === 0) return undefined
    const sum = new BillSum(this.#source.standing)
    for (const record of billed.toReversed()) sum.add(record)
    return {
      ...sum.bill(),
      names: BILL_NAMES,
      region: PRICES_OF.region,
      notCounted: NOT_COUNTED,
      timesMs: billed.map(({ timeMs }) => timeMs),
      batchDollars: dollarsByBatch(billed),
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
