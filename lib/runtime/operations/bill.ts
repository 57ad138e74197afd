/**
 * The bill of an application, from what its functions have counted in the history. It reads a week
 * at most, by pages. It is a sum that records are added to one by one, the newest first, so whoever
 * has read them already makes it without another read.
 */
import { costsOf, dollarsOf, type Usage, usageSum } from '../../base/prices.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { BatchRecord, StateSize } from '../../state/history/batch-record.ts'
import { historyPages } from '../../state/history/read-history.ts'

/** What an application has whether records come or not. */
export interface Standing {
  readonly alarms: number
  /** Queues that Lambda polls for its functions. */
  readonly polledQueues: number
}

/** Who has used it, or for what. */
export type BillPart = 'driver' | 'intake' | 'storage' | 'standing'

/** What an application has used, and what that costs. */
export interface Bill {
  /** The first and the last record that counts. Left out: nothing is counted. */
  readonly fromMs?: number
  readonly toMs?: number
  /** Batches and failed attempts that count. */
  readonly batches: number
  /** Records of completed batches. */
  readonly records: number
  readonly usage: Usage
  /** Dollars of each kind. */
  readonly items: Usage
  /** Dollars of each part. `driver`: with its executors. `standing`: alarms, metrics, polling. */
  readonly parts: Readonly<Record<BillPart, number>>
  readonly dollars: number
  /** At the rate of this time. Left out: the time is too short to tell. */
  readonly dollarsPerDay?: number
  /** Left out: there were no records. */
  readonly dollarsPerMillionRecords?: number
}

/** What of a record the bill needs. */
export type BilledRecord = Pick<
  BatchRecord,
  'timeMs' | 'status' | 'records' | 'usage' | 'intakeUsage' | 'states'
>

const DAY_MS = 86_400_000
const MONTH_MS = 30 * DAY_MS
const MINUTE_MS = 60_000
const MILLION = 1e6
const GIGABYTE = 1_024 ** 3
/** Lambda polls a queue with five pollers, and each request waits for up to 20 s. */
const POLLS_PER_MINUTE = 15
/** Lag, batches, records, processing time: metrics that have data while all is well. */
const METRICS = 4
/** A larger segment is in the bucket. How much compression saves is not known. */
const TABLE_BYTES_MAX = 8_192
/** A record of the history with its index. It is there for a week. */
const HISTORY_BYTES = 1_024
const HISTORY_DAYS = 7

/** The sum of some records. */
export class BillSum {
  readonly #standing: Standing | undefined
  #batches = 0
  #records = 0
  #fromMs: number | undefined
  #toMs: number | undefined
  #driver: Usage = {}
  #intake: Usage = {}
  #storage: Usage = {}
  /** Of the oldest record so far. What it counts itself was used before its time. */
  #first: BilledRecord | undefined
  #firstKnown: Usage | undefined

  constructor(standing?: Standing) {
    this.#standing = standing
  }

  /** Adds the next older record. One that counts nothing is left out. */
  add(record: BilledRecord): void {
    const { usage, timeMs, intakeUsage } = record
    if (usage === undefined) return
    this.#batches += 1
    if (record.status === 'completed') this.#records += record.records
    this.#toMs ??= timeMs
    const storedMs = (this.#fromMs ?? timeMs) - timeMs
    this.#fromMs = timeMs
    this.#driver = usageSum([this.#driver, usage])
    this.#storage = usageSum([this.#storage, storedFor(record, storedMs)])
    if (intakeUsage !== undefined) {
      this.#intake = usageSum([this.#intake, growth(intakeUsage, this.#firstKnown)])
      this.#firstKnown = intakeUsage
    }
    this.#first = record
  }

  /** The bill of all that was added. */
  bill(): Bill {
    const [fromMs, toMs] = [this.#fromMs, this.#toMs]
    const spanMs = (toMs ?? 0) - (fromMs ?? 0)
    const standing = standingFor(this.#standing, spanMs)
    const usages = {
      driver: this.#driver,
      intake: this.#intake,
      storage: this.#storage,
      standing,
    }
    const usage = usageSum(Object.values(usages))
    const dollars = dollarsOf(usage)
    const firstDollars = dollarsOf(this.#first?.usage ?? {})
    return {
      ...(fromMs === undefined || toMs === undefined ? {} : { fromMs, toMs }),
      batches: this.#batches,
      records: this.#records,
      usage,
      items: costsOf(usage),
      parts: Object.fromEntries(
        Object.entries(usages).map(([part, used]) => [part, dollarsOf(used)]),
      ) as Bill['parts'],
      dollars,
      ...(spanMs > 0 ? { dollarsPerDay: ((dollars - firstDollars) / spanMs) * DAY_MS } : {}),
      ...(this.#records > 0
        ? { dollarsPerMillionRecords: (dollars / this.#records) * MILLION }
        : {}),
    }
  }
}

/**
 * What intake has used from one record to the next. A lane that was removed takes its share of the
 * older sum with it: then it is not known, and counts as nothing.
 */
const growth = (older: Usage, newer: Usage | undefined): Usage => {
  if (newer === undefined) return {}
  const names = Object.keys(newer) as (keyof Usage)[]
  return Object.fromEntries(
    names.map((name) => [name, Math.max(0, (newer[name] ?? 0) - (older[name] ?? 0))]),
  )
}

/** What each batch cost, the oldest first: its driver, and intake since the batch before it. */
export const dollarsByBatch = (records: readonly BilledRecord[]): readonly number[] => {
  let before: Usage | undefined
  return records.map(({ usage = {}, intakeUsage }) => {
    const intake = before === undefined ? {} : growth(before, intakeUsage)
    before = intakeUsage ?? before
    return dollarsOf(usage) + dollarsOf(intake)
  })
}

/** What a store holds after a batch, for as long as it was the last one. */
const storedFor = ({ states = [] }: BilledRecord, spanMs: number): Usage => {
  const months = spanMs / MONTH_MS
  const sum = (of: (state: StateSize) => boolean): number =>
    states.reduce((total, state) => total + (of(state) ? state.bytes : 0), 0)
  const isLarge = ({ bytes, segments }: StateSize): boolean => bytes > segments * TABLE_BYTES_MAX
  return {
    tableGigabyteMonths:
      (sum((state) => !isLarge(state)) / GIGABYTE) * months +
      (HISTORY_BYTES / GIGABYTE) * (HISTORY_DAYS / 30),
    objectGigabyteMonths: (sum(isLarge) / GIGABYTE) * months,
  }
}

const standingFor = (standing: Standing | undefined, spanMs: number): Usage => {
  if (standing === undefined || spanMs === 0) return {}
  const minutes = spanMs / MINUTE_MS
  const months = spanMs / MONTH_MS
  return {
    queueRequests: minutes * POLLS_PER_MINUTE * standing.polledQueues,
    scheduledCalls: minutes,
    alarmMonths: months * standing.alarms,
    metricMonths: months * METRICS,
  }
}

/** Reads the history of a range, and adds up what was counted. */
export const readBill = async (
  store: ItemStore,
  app: string,
  range: { readonly fromMs: number; readonly toMs: number },
  /** Left out: what it has is not known. */
  standing?: Standing,
): Promise<Bill> => {
  const sum = new BillSum(standing)
  for await (const page of historyPages(store, app, range))
    for (const record of page) sum.add(record)
  return sum.bill()
}
