/**
 * Spark's rate control: how many records a second a source may have, and how this follows the speed
 * of batches. The formula is that of Spark's PID estimator.
 *
 * Spark limits what receivers take in. Here everything is taken in, and a limit says how much of it
 * a batch takes. What is logged is true whatever the rate was (B2). So the estimates may be kept
 * beside the load, and a new deployment begins without them.
 */
import type { PlanOptions } from '../../dstream/plan.ts'
import type { Backpressure } from '../../dstream/rate.ts'
import type { Load, RateEstimate } from '../../state/load.ts'
import type { BatchInput } from './batch-input.ts'
import type { SourceLimits } from '../sources/source-reader.ts'

/** A committed batch, as one source sees it. */
export interface RatedBatch {
  /** When the batch ended. */
  readonly atMs: number
  readonly records: number
  readonly processingMs: number
  /** How long after its batch time the batch began. */
  readonly delayMs: number
}

/**
 * What is known after a batch. The same as before: the batch says nothing, because it had no
 * records, took no time, or did not end later than the last one.
 */
export const estimateAfter = (
  before: RateEstimate | undefined,
  { atMs, records, processingMs, delayMs }: RatedBatch,
  settings: Pick<Backpressure, 'proportional' | 'integral' | 'derivative' | 'minRate'>,
  intervalMs: number,
): RateEstimate | undefined => {
  if (records <= 0 || processingMs <= 0 || atMs <= (before?.atMs ?? -Infinity)) return before
  const measured = (records / processingMs) * 1_000
  if (before === undefined) return { atMs, rate: measured, error: 0, isEstimate: false }
  const { proportional, integral, derivative, minRate } = settings
  const error = before.rate - measured
  const historical = (delayMs * measured) / intervalMs
  const change = (error - before.error) / ((atMs - before.atMs) / 1_000)
  const rate = before.rate - proportional * error - integral * historical - derivative * change
  return { atMs, rate: Math.max(minRate, rate), error, isEstimate: true }
}

/** What is known of all sources after a batch. Undefined: rates do not follow batches. */
export const ratesAfter = (
  before: Load['rates'],
  { sources }: Pick<BatchInput, 'sources'>,
  batch: Omit<RatedBatch, 'records'>,
  { rate, intervalMs }: Pick<PlanOptions, 'rate' | 'intervalMs'>,
): Load['rates'] => {
  const settings = rate?.backpressure
  if (settings === undefined) return undefined
  const known = Object.entries(sources).flatMap(([id, { records }]) => {
    const after = estimateAfter(before?.[id], { ...batch, records }, settings, intervalMs)
    return after === undefined ? [] : [[id, after] as const]
  })
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/** The rate of a source, in records a second. Infinity: no limit. */
export const rateLimit = (
  { max, backpressure }: Pick<NonNullable<PlanOptions['rate']>, 'max' | 'backpressure'>,
  estimate: RateEstimate | undefined,
): number => {
  if (backpressure === undefined) return max
  const wanted = estimate?.isEstimate === true ? estimate.rate : backpressure.initialRate
  return Math.min(max, wanted)
}

/** What a batch may take of a source: the limits, within its rate. At least one record. */
export const withinRate = (
  limits: SourceLimits,
  { rate, intervalMs }: Pick<PlanOptions, 'rate' | 'intervalMs'>,
  estimate: RateEstimate | undefined,
): SourceLimits => {
  if (rate === undefined) return limits
  const seconds = intervalMs / 1_000
  const records = Math.max(1, Math.floor(rateLimit(rate, estimate) * seconds))
  return {
    ...limits,
    records: Math.min(limits.records, records),
    perLane: {
      recordsMax: rate.maxPerLane * seconds,
      byWaiting: rate.backpressure !== undefined,
    },
  }
}
