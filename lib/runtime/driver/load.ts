/**
 * How much a batch may take (B8). The limits of a pipeline are where it starts. While more waits,
 * batches grow, up to what the measured pace fits into a share of the interval:
 *
 *   factor = taken / limits * (share * interval / processing time)
 *
 * - A batch grows by at most a factor of two, and only when half of the memory is free: the one
 *   before was half as large, and has succeeded.
 * - It shrinks at once: to what fits, when a batch took too long, and to the limits, when a batch
 *   needed a second attempt. Its first may have ended for want of memory or time.
 * - It is never below the limits, so a slow batch cannot stop an application.
 *
 * One factor counts for all sources and for records, bytes and objects, because what was taken is
 * measured by the fullest of its limits. So nobody has to know which of them cost the time.
 *
 * All this is a pure function of measurements. It decides how much is taken before a batch is
 * logged, and nothing after that (B2).
 */
import { BATCH_GROWTH_MAX, type BatchLimits } from '../../dstream/plan.ts'
import { greatestOf } from '../../base/extremes.ts'
import type { Amounts, FallingBehind, Load, LoadSample } from '../../state/load.ts'

/** The share of the interval that a batch may need. The rest is for what follows its commit. */
const SHARE = 0.8
/** A batch takes at most so many times what one before it took. */
export const GROWTH_MAX = 2
/** A batch may be twice as large when at most this share of the memory is in use after it. */
const MEMORY_SHARE_MAX = 0.5

/** So many samples show a trend. */
const SAMPLES = 5
/** They are at least this far apart, so that a burst of some seconds is no trend. */
const SAMPLE_EVERY_MS = 15_000
/** Up to this, batches take as much as at the first of the samples. */
const SAME_FACTOR = 1.5

/** A committed batch. */
export interface MeasuredBatch {
  readonly timeMs: number
  readonly attempts: number
  /** What it took from each source. */
  readonly taken: readonly Amounts[]
  /** What it had to leave. */
  readonly waiting: Amounts
  /** Whether it had to leave more, and nobody knows how much. */
  readonly hasMore: boolean
  /** How long after its batch time it began. 0 where batches run ahead of the clock. */
  readonly delayMs: number
  /** From the snapshot to the commit. 0 or less: unknown, as under a clock that stands. */
  readonly processingMs: number
  /** The time that a batch may take: the interval, or less. */
  readonly budgetMs: number
  readonly intervalMs: number
  /** The share of the memory that is in use, from 0 to 1. */
  readonly memoryShare: number
  /** Whether a source had to leave something because of its rate. Default: no. */
  readonly isRated?: boolean
}

/** The limits of the next batch. */
export const capOf = (limits: BatchLimits, load: Load | undefined): BatchLimits => {
  const factor = Math.min(load?.factor ?? 1, limits.growth ?? BATCH_GROWTH_MAX)
  return {
    ...limits,
    records: Math.floor(limits.records * factor),
    bytes: Math.floor(limits.bytes * factor),
    objects: Math.floor(limits.objects * factor),
  }
}

/** What is known of the load after a batch. */
export const loadAfter = (
  before: Load | undefined,
  batch: MeasuredBatch,
  limits: BatchLimits,
): Load => {
  const last = before?.factor ?? 1
  const next = nextFactor(last, batch, limits)
  const { factor } = next
  const heldBy = batch.isRated === true ? 'rate' : next.heldBy
  const samples = before?.samples ?? []
  const isBehind = weightOf(batch.waiting, limits) > 0 || batch.delayMs >= batch.intervalMs
  if (!isBehind) return { factor, heldBy, samples: [] }
  const sampled = withSample(samples, batch, factor)
  const falling = fallingIn(sampled, batch, limits)
  const load = { factor, heldBy, samples: sampled }
  return falling === undefined ? load : { ...load, falling: { ...falling, heldBy } }
}

const nextFactor = (
  last: number,
  { attempts, taken, waiting, hasMore, processingMs, budgetMs, memoryShare }: MeasuredBatch,
  limits: BatchLimits,
): Pick<Load, 'factor' | 'heldBy'> => {
  if (attempts > 1) return { factor: 1, heldBy: 'time' }
  const share = SHARE * budgetMs
  const weight = greatestOf([0, ...taken.map((one) => weightOf(one, limits))])
  const paced = processingMs > 0 ? (weight * share) / processingMs : last
  // A small batch that took long says little about a large one: half is enough to find out.
  if (processingMs > share)
    return { factor: Math.max(1, weight < 1 ? last / 2 : Math.min(last, paced)), heldBy: 'time' }
  const isFull = hasMore || weightOf(waiting, limits) > 0
  if (!isFull || processingMs <= 0) return { factor: last, heldBy: 'input' }
  const proven = Math.min(last, weight)
  const wanted = Math.max(last, Math.min(paced, proven * GROWTH_MAX))
  if (wanted > last && memoryShare > MEMORY_SHARE_MAX) return { factor: last, heldBy: 'memory' }
  const { growth = BATCH_GROWTH_MAX } = limits
  if (wanted >= growth) return { factor: growth, heldBy: 'limits' }
  return { factor: wanted, heldBy: paced < proven * GROWTH_MAX ? 'time' : 'input' }
}

/** How many times the limits an amount is, by the fullest of them. */
const weightOf = (amounts: Amounts, limits: BatchLimits): number =>
  Math.max(
    amounts.records / limits.records,
    amounts.bytes / limits.bytes,
    amounts.objects / limits.objects,
  )

const withSample = (
  samples: readonly LoadSample[],
  { timeMs, delayMs, waiting: { records, bytes, objects } }: MeasuredBatch,
  factor: number,
): readonly LoadSample[] => {
  const newest = samples.at(-1)
  if (newest !== undefined && timeMs - newest.timeMs < SAMPLE_EVERY_MS) return samples
  return [...samples, { timeMs, delayMs, records, bytes, objects, factor }].slice(-SAMPLES)
}

/**
 * Whether an application is behind and does not catch up: over some batches, what waits has not
 * shrunk, or batches begin ever later, although they take no more than before. Undefined: it is not
 * behind, or catches up, or takes more with each batch.
 */
const fallingIn = (
  samples: readonly LoadSample[],
  { intervalMs }: Pick<MeasuredBatch, 'intervalMs'>,
  limits: BatchLimits,
): Omit<FallingBehind, 'heldBy'> | undefined => {
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined || samples.length < SAMPLES) return undefined
  if (last.factor > SAME_FACTOR * first.factor) return undefined
  const waits = weightOf(last, limits)
  const grows = waits > 0 && waits >= weightOf(first, limits)
  const isLater = last.delayMs >= first.delayMs + intervalMs
  if (!grows && !isLater) return undefined
  const seconds = (last.timeMs - first.timeMs) / 1_000
  const rate = (field: keyof Amounts): number =>
    Math.max(0, Math.round((last[field] - first[field]) / seconds))
  const { factor: _, ...sample } = last
  return {
    ...sample,
    perSecond: { objects: rate('objects'), records: rate('records'), bytes: rate('bytes') },
  }
}
