/**
 * Phase 1 of a batch: allocate. It decides what belongs to a batch, and changes nothing.
 *
 * 1. The driver has chosen the batch time: the next one on the grid.
 * 2. Each source says what it takes at that time, starting from its offsets in the last manifest.
 * 3. Newer versions of broadcast values are looked for, where that is due: see broadcasts.ts.
 * 4. The inputs of all sources, with these versions, are the batch input. Phase 2 logs it, and it
 *    is true from then on (B2).
 *
 * B8: each source stays within the limits of a batch, which follow the load (load.ts), and within
 * its rate, if one is set (rates.ts). The rest goes to the next batch times.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { Head } from '../../state/head.ts'
import type { Manifest } from '../../state/manifest.ts'
import { refreshBroadcasts, type Refreshing } from '../broadcasts.ts'
import type { Runner } from '../runner.ts'
import {
  type BatchTimes,
  earliestOf,
  type LeftOut,
  type SourceLimits,
} from '../sources/source-reader.ts'
import type { BatchInput } from './batch-input.ts'
import { capOf } from './load.ts'
import { withinRate } from './rates.ts'
import type { LanesBySource } from './snapshot-reader.ts'

/** The input of a batch. */
export const allocateBatch = async (
  runner: Pick<Runner, 'plan' | 'sources'> & Refreshing,
  head: Head,
  { offsets, broadcasts: before }: Manifest,
  { timeMs, nowMs }: { readonly timeMs: number; readonly nowMs: number },
  lanesBySource: LanesBySource,
): Promise<BatchInput> => {
  const { plan, sources } = runner
  const limits = capOf(plan.options.limits, head.load)
  const limitsOf = (source: string): SourceLimits =>
    withinRate(limits, plan.options, head.load?.rates?.[source])
  const times = batchTimes(head, plan, nowMs)
  const looked = refreshBroadcasts(runner, timeMs, before)
  const allocated = allOrFirstError(
    [...sources].map(async ([id, source]) => {
      const lanes = lanesBySource.get(id)
      const request = {
        timeMs,
        offsets: offsets[id] ?? {},
        limits: limitsOf(id),
        firstObjects: plan.options.limits.objects,
        ...times,
        ...(lanes === undefined ? {} : { lanes }),
      }
      return [id, await source.allocate(request)] as const
    }),
  )
  const [broadcasts, inputs] = await allOrFirstError([looked, allocated])
  return {
    timeMs,
    sources: Object.fromEntries(inputs),
    ...(broadcasts === undefined ? {} : { broadcasts }),
  }
}

/** The earliest batch time that can take something after the offsets. Undefined: nothing waits. */
export const waitingSince = async (
  { plan, sources }: Pick<Runner, 'plan' | 'sources'>,
  head: Head,
  { offsets }: Manifest,
  nowMs: number,
): Promise<number | undefined> => {
  const times = batchTimes(head, plan, nowMs)
  return earliestOf(
    await allOrFirstError(
      [...sources].map(([id, source]) => source.waiting({ offsets: offsets[id] ?? {}, ...times })),
    ),
  )
}

/** What the sources see and no batch has taken, by source. */
export const leftOutBy = async (
  { plan, sources }: Pick<Runner, 'plan' | 'sources'>,
  head: Head,
  { offsets }: Manifest,
  nowMs: number,
): Promise<readonly (LeftOut & { readonly source: string })[]> => {
  const times = batchTimes(head, plan, nowMs)
  const found = await allOrFirstError(
    [...sources].map(async ([source, reader]) => {
      const left = await reader.leftOut?.({ offsets: offsets[source] ?? {}, ...times })
      return (left ?? []).map((one) => ({ source, ...one }))
    }),
  )
  return found.flat()
}

/** Rules of time follow the first batch time that has not been run, and not the clock. */
const batchTimes = (
  { startedMs, doneMs, zeroMs }: Head,
  { options: { intervalMs } }: Pick<Runner['plan'], 'options'>,
  nowMs: number,
): BatchTimes => ({
  startedMs,
  firstMs: gridTimeAtOrAfter(doneMs + 1, zeroMs, intervalMs),
  intervalMs,
  nowMs,
})
