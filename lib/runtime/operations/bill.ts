/**
 * The bill of an application, from what its driver has counted in the history. It reads a week at
 * most, by pages.
 */
import { costsOf, dollarsOf, type Usage, type UsageKind } from '../../base/prices.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import { historyPages } from '../../state/history/read-history.ts'

/** What the driver has used, and what that costs. */
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
  readonly dollars: number
  /** At the rate of this time. Left out: the time is too short to tell. */
  readonly dollarsPerDay?: number
  /** Left out: there were no records. */
  readonly dollarsPerMillionRecords?: number
}

const DAY_MS = 86_400_000
const MILLION = 1e6

/** Reads the history of a range, and adds up what was counted. */
export const readBill = async (
  store: ItemStore,
  app: string,
  range: { readonly fromMs: number; readonly toMs: number },
): Promise<Bill> => {
  const usage: Partial<Record<UsageKind, number>> = {}
  let [batches, records, firstDollars] = [0, 0, 0]
  let fromMs: number | undefined
  let toMs: number | undefined
  for await (const page of historyPages(store, app, range))
    for (const record of page) {
      if (record.usage === undefined) continue
      batches += 1
      if (record.status === 'completed') records += record.records
      toMs ??= record.timeMs
      fromMs = record.timeMs
      // Pages begin with the newest: in the end it is that of the oldest.
      firstDollars = dollarsOf(record.usage)
      for (const [kind, amount] of Object.entries(record.usage) as [UsageKind, number][])
        usage[kind] = (usage[kind] ?? 0) + amount
    }
  const dollars = dollarsOf(usage)
  const spanMs = (toMs ?? 0) - (fromMs ?? 0)
  return {
    ...(fromMs === undefined || toMs === undefined ? {} : { fromMs, toMs }),
    batches,
    records,
    usage,
    items: costsOf(usage),
    dollars,
    // What the first record counts was used before this time.
    ...(spanMs > 0 ? { dollarsPerDay: ((dollars - firstDollars) / spanMs) * DAY_MS } : {}),
    ...(records > 0 ? { dollarsPerMillionRecords: (dollars / records) * MILLION } : {}),
  }
}
