/**
 * Reads the history: newest first by pages, or onwards from a time. A page is one query of one day,
 * and the store moves no more than the page. Everybody who reads the history reads it here.
 */
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore, KeyedItem } from '../../ports/item-store.ts'
import { behindHistoryOf, historyKey, startOfDay } from '../item-keys.ts'
import type { BatchRecord } from './batch-record.ts'
import { recordOf } from './record-form.ts'

/** Which records to read. */
export interface HistoryRange {
  /** The earliest batch time. Records older than a week may be gone. */
  readonly fromMs: number
  /** The latest batch time. */
  readonly toMs: number
  /** How many records a page has at most. Default: 500. */
  readonly pageSize?: number
}

const PAGE_SIZE = 500
/** A batch may have many attempts. */
const PAGE_SIZE_MIN = 50
const DAY_MS = 86_400_000
/** Records are kept for a week, and may stay for some days longer. */
const KEPT_DAYS = 9

const recordsOf = (items: readonly KeyedItem[]): readonly BatchRecord[] =>
  items.map(({ item }) => recordOf(item))

/**
 * The records of a range by pages, the newest first. Attempts at one batch that failed come before
 * the batch itself, the last one first. Nothing is read ahead of the page that is asked for.
 */
export async function* historyPages(
  store: ItemStore,
  app: string,
  { fromMs, toMs, pageSize = PAGE_SIZE }: HistoryRange,
): AsyncGenerator<readonly BatchRecord[]> {
  const firstMs = Math.max(fromMs, toMs - KEPT_DAYS * DAY_MS)
  let before = behindHistoryOf(toMs)
  for (let dayMs = startOfDay(toMs); dayMs > firstMs - DAY_MS; dayMs -= DAY_MS) {
    const { partition } = historyKey(app, dayMs)
    for (;;) {
      const items = await store.query(partition, { isDescending: true, before, limit: pageSize })
      const records = recordsOf(items)
      const inRange = records.filter(({ timeMs }) => timeMs >= firstMs)
      if (inRange.length > 0) yield inRange
      if (inRange.length < records.length) return
      if (items.length < pageSize) break
      before = items.at(-1)?.sort ?? before
    }
  }
}

/**
 * The newest batches of a range, at most `limit`, the newest first. Of the attempts at a batch, the
 * last one counts, and the batch itself if it was completed or skipped.
 */
export const newestBatches = async (
  store: ItemStore,
  app: string,
  { limit, ...range }: HistoryRange & { readonly limit: number },
): Promise<readonly BatchRecord[]> => {
  const found: BatchRecord[] = []
  // One more, because the record of the last batch comes behind those of its attempts.
  const pageSize = range.pageSize ?? Math.min(PAGE_SIZE, Math.max(PAGE_SIZE_MIN, limit + 1))
  for await (const page of historyPages(store, app, { ...range, pageSize })) {
    for (const record of page) addBatch(found, record)
    if (found.length > limit) break
  }
  return found.slice(0, limit)
}

/** Adds the next older record to the newest batches. */
const addBatch = (found: BatchRecord[], record: BatchRecord): void => {
  const last = found.at(-1)
  const isSame = last?.timeMs === record.timeMs && last.attempt > 0 && record.attempt > 0
  if (!isSame) found.push(record)
  else if (record.status !== 'failed') found[found.length - 1] = record
}

/** What is needed to follow the history. */
export interface FollowOptions {
  /** Only batches after this time. */
  readonly afterMs: number
  readonly clock: Clock
  /** The pause between two looks. Default: 2 s. */
  readonly everyMs?: number
  /** Ends the following. */
  readonly signal: AbortSignal
}

const FOLLOW_EVERY_MS = 2_000

/** Records that are new, the oldest first, as they come. A look is one query of a day. */
export async function* followHistory(
  store: ItemStore,
  app: string,
  { afterMs, clock, everyMs = FOLLOW_EVERY_MS, signal }: FollowOptions,
): AsyncGenerator<BatchRecord> {
  let doneMs = afterMs
  // Failed attempts of the batch that comes next, and sources that were given up.
  const seen = new Set<string>()
  while (!signal.aborted) {
    const fresh = (await recordsAfter(store, app, doneMs, clock.now())).filter(
      (record) => !seen.has(nameOf(record)),
    )
    for (const record of fresh) {
      seen.add(nameOf(record))
      yield record
    }
    const done = fresh.findLast(({ status, attempt }) => status !== 'failed' && attempt > 0)
    if (done !== undefined && done.timeMs > doneMs) {
      doneMs = done.timeMs
      seen.clear()
      for (const record of fresh) if (record.timeMs > doneMs) seen.add(nameOf(record))
    }
    if (fresh.length < PAGE_SIZE) await clock.sleep(everyMs, signal)
  }
}

const nameOf = ({ timeMs, status, attempt }: BatchRecord): string =>
  `${timeMs}#${status}#${attempt}`

/** A page of what comes after a time, the oldest first. */
const recordsAfter = async (
  store: ItemStore,
  app: string,
  afterMs: number,
  nowMs: number,
): Promise<readonly BatchRecord[]> => {
  const found: BatchRecord[] = []
  const after = behindHistoryOf(afterMs)
  const lastMs = Math.max(nowMs, afterMs)
  for (let dayMs = startOfDay(afterMs); dayMs <= lastMs; dayMs += DAY_MS) {
    const { partition } = historyKey(app, dayMs)
    const items = await store.query(partition, { after, limit: PAGE_SIZE - found.length })
    for (const record of recordsOf(items)) found.push(record)
    if (found.length >= PAGE_SIZE) break
  }
  return found
}
