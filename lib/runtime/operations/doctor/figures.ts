/** Figures of the batches that an examination has read. */
import { costsOf, type Usage, usageSum } from '../../../base/prices.ts'
import type { BatchRecord } from '../../../state/history/batch-record.ts'

const DAY_MS = 86_400_000

/** The value of which a share of all values is not greater. 0: there are none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** The value in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The sum of all values. */
export const sumOf = (values: readonly number[]): number =>
  values.reduce((total, one) => total + one, 0)

/** The batches that had input. */
export const withInput = (batches: readonly BatchRecord[]): readonly BatchRecord[] =>
  batches.filter(({ records, objects }) => records > 0 || objects > 0)

/**
 * The batches that ran at their time or later. A run with `--once` is ahead of the clock: its
 * batches need not keep up with anything, and their times say nothing of how fast something grows.
 */
export const inTime = (batches: readonly BatchRecord[]): readonly BatchRecord[] =>
  batches.filter(({ timeMs, startedMs = timeMs }) => startedMs >= timeMs)

/** How long after its time a batch began. */
export const delayOf = ({ timeMs, startedMs = timeMs }: BatchRecord): number =>
  Math.max(0, startedMs - timeMs)

/** How many records and files a batch had to leave. */
export const waitingOf = ({ sources = [] }: Pick<BatchRecord, 'sources'>): number =>
  sumOf(sources.map(({ waiting }) => (waiting?.records ?? 0) + (waiting?.objects ?? 0)))

/** The shortest time between two of the last batches. Undefined: there are too few. */
export const intervalIn = (batches: readonly Pick<BatchRecord, 'timeMs'>[]): number | undefined => {
  const times = batches.slice(-INTERVALS_SEEN).map(({ timeMs }) => timeMs)
  const distances = times.flatMap((timeMs, index) => {
    const distance = timeMs - (times[index - 1] ?? timeMs)
    return distance > 0 ? [distance] : []
  })
  return distances.length === 0 ? undefined : distances.reduce((least, one) => Math.min(least, one))
}

const INTERVALS_SEEN = 50

/** How the time of a batch depends on its records: `fixedMs + msEach * records`. */
export interface Fit {
  readonly fixedMs: number
  readonly msEach: number
}

/** Sizes that differ by less say nothing of how the time depends on them. */
const SPREAD_MIN = 0.15

/**
 * The line through processing times, by least squares. Undefined: batches are too much alike, or
 * too few, or larger ones are not slower.
 */
export const fitOf = (batches: readonly BatchRecord[]): Fit | undefined => {
  const n = batches.length
  const meanRecords = sumOf(batches.map(({ records }) => records)) / n
  const meanMs = sumOf(batches.map(({ processingMs }) => processingMs)) / n
  const variance = sumOf(batches.map(({ records }) => (records - meanRecords) ** 2)) / n
  if (n < 5 || Math.sqrt(variance) < SPREAD_MIN * meanRecords || variance === 0) return undefined
  const covariance =
    sumOf(batches.map((one) => (one.records - meanRecords) * (one.processingMs - meanMs))) / n
  const msEach = Math.max(0, covariance / variance)
  const fixedMs = meanMs - msEach * meanRecords
  return fixedMs < 0 ? { fixedMs: 0, msEach: meanMs / meanRecords } : { fixedMs, msEach }
}

/** What the driver uses, with its executors. */
export interface DriverUse {
  readonly batches: number
  readonly usage: Usage
  /** Dollars of each kind, a day. */
  readonly items: Usage
  readonly dollarsPerDay: number
}

/**
 * What the driver uses. What the first record counts was used before its time. Undefined: nothing
 * is counted.
 */
export const driverUse = (batches: readonly BatchRecord[]): DriverUse | undefined => {
  const counted = batches.filter(({ usage }) => usage !== undefined)
  const spanMs = (counted.at(-1)?.timeMs ?? 0) - (counted[0]?.timeMs ?? 0)
  if (spanMs <= 0) return undefined
  const usage = usageSum(counted.slice(1).map((one) => one.usage ?? {}))
  const perDay = Object.entries(costsOf(usage)).map(([kind, dollars]) => [
    kind,
    (dollars / spanMs) * DAY_MS,
  ])
  const items = Object.fromEntries(perDay) as Usage
  return {
    batches: counted.length - 1,
    usage,
    items,
    dollarsPerDay: sumOf(Object.values(items)),
  }
}

/** The memory of the driver in megabytes, as the last batches have noted it. */
export const memoryMbOf = (batches: readonly BatchRecord[]): number | undefined =>
  batches.findLast(({ runner }) => runner?.memoryMb !== undefined)?.runner?.memoryMb

/** A duration as a user writes it in a pipeline: `seconds(10)`. */
export const durationCode = (ms: number): string => {
  if (ms % 3_600_000 === 0) return `hours(${ms / 3_600_000})`
  if (ms % 60_000 === 0) return `minutes(${ms / 60_000})`
  return ms % 1_000 === 0 ? `seconds(${ms / 1_000})` : `milliseconds(${ms})`
}

const ROUND_MS = [
  10, 20, 50, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000,
  120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
]

/** The next round duration. */
export const roundUpMs = (ms: number): number =>
  ROUND_MS.find((one) => one >= ms) ?? Math.ceil(ms / 3_600_000) * 3_600_000

/** A number with two digits that count, rounded up: 1,234 is 1,300. */
export const roundUp = (value: number): number => {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1)
  return Math.ceil(value / unit) * unit
}
