/** What costs more than it must: a short interval, and a file for each batch. */
import { count, dollarText, percentText, spanText } from '../../../base/amount-text.ts'
import { PRICES } from '../../../base/prices.ts'
import { driverUse, durationCode, median, withInput } from './figures.ts'
import type { Check } from './finding.ts'
import { longerInterval } from './pace.ts'

const BATCHES_MIN = 20
const DAY_MS = 86_400_000
/** Less is not worth a sentence. */
const SAVED_MIN = 0.25
const COSTLY_INTERVAL_MS_MAX = 5_000
const WANTED_MS = 10_000
const SHARE_MAX = 0.3
/** Above this, records cost more than batches. */
const RECORDS_A_SECOND_MAX = 1_000

/** Batches that come more often than their records are worth. */
export const intervalCostly: Check = (examined) => {
  const { batches, intervalMs } = examined
  const { dollarsPerDay } = driverUse(batches) ?? {}
  if (batches.length < BATCHES_MIN || intervalMs === undefined) return []
  if (dollarsPerDay === undefined || intervalMs > COSTLY_INTERVAL_MS_MAX) return []
  const processingMs = median(batches.map((one) => one.processingMs))
  const records = median(withInput(batches).map((one) => one.records))
  const perSecond = (records * 1_000) / intervalMs
  const more = longerInterval(examined, intervalMs, WANTED_MS)
  if (processingMs > SHARE_MAX * intervalMs || perSecond > RECORDS_A_SECOND_MAX) return []
  if (-(more.dollarsPerDay ?? 0) < SAVED_MIN) return []
  return [
    {
      code: 'INTERVAL_COSTLY',
      severity: 'saving',
      seen:
        `A batch every ${spanText(intervalMs)} costs ${dollarText(dollarsPerDay)} a day, for ` +
        `${count(records, 'record')} a batch`,
      why: 'A batch writes the head, its state and its results, whatever is in it',
      change: `batchInterval: ${durationCode(WANTED_MS)}, if results may be that late`,
      ...more,
      figures: { intervalMs, dollarsPerDay, records, fitsMs: WANTED_MS },
    },
  ]
}

const EVERY_MS = 60_000
const FILES_SHARE = 0.4
const WRITES_BATCH = 2
const SAVED_FILES_MIN = 0.1

const writesFiles = (id: string): boolean => /^saveAs\w*Files-\d+$/.test(id)

/** A text file for each batch, where the files are most of the bill. */
export const filesCostly: Check = ({ batches, intervalMs }) => {
  const use = driverUse(batches)
  const last = withInput(batches)
  const outputs = new Set(last.flatMap((one) => (one.outputs ?? []).map(({ id }) => id)))
  const ids = [...outputs].filter(writesFiles)
  if (last.length < BATCHES_MIN || intervalMs === undefined || ids.length === 0) return []
  if (use === undefined) return []
  const { usage, items, dollarsPerDay } = use
  const perBatch = (usage.objectWrites ?? 0) / use.batches
  const { objectWrites: writesPerDay = 0, objectReads = 0 } = items
  const share = (writesPerDay + objectReads) / dollarsPerDay
  if (share < FILES_SHARE || perBatch < WRITES_BATCH || intervalMs >= EVERY_MS) return []
  // Until its period ends, a batch is a segment in the store: a write unit or two.
  const segments = (DAY_MS / intervalMs) * 2 * ids.length * PRICES.writeUnits
  const saved = writesPerDay * (1 - intervalMs / EVERY_MS) - segments
  if (saved < SAVED_FILES_MIN) return []
  return [
    {
      code: 'FILES_COSTLY',
      severity: 'saving',
      of: ids[0] ?? '',
      seen:
        `Files of ${ids.join(' and ')} make ${perBatch.toFixed(1)} writes to S3 in each batch, ` +
        `${percentText(share)} of ${dollarText(dollarsPerDay)} a day`,
      why: 'A look at the directory, the part and _SUCCESS cost the same, however little they hold',
      change: `every: ${durationCode(EVERY_MS)} in the options of ${ids[0]}: one file for a minute`,
      effect: `Saves about ${dollarText(saved)} a day. Files come up to a minute later`,
      dollarsPerDay: -saved,
      figures: { perBatch, share, saved },
    },
  ]
}
