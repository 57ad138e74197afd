/**
 * Phase 1 of a batch: allocate. It decides what belongs to a batch, and changes nothing.
 *
 * 1. The driver has chosen the batch time: the next one on the grid.
 * 2. Each source says what it takes at that time, starting from its offsets in the last manifest.
 * 3. The inputs of all sources together are the batch input. Phase 2 logs it, and it is true from
 *    then on (B2).
 *
 * B8: each source stays within the limits of a batch. The rest goes to the next batch times.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import type { Head } from '../../state/head.ts'
import type { Manifest } from '../../state/manifest.ts'
import type { Runner } from '../runner.ts'
import { earliestOf } from '../sources/source-reader.ts'
import type { BatchInput } from './batch-input.ts'
import type { LanesBySource } from './snapshot-reader.ts'

/** The input of a batch. */
export const allocateBatch = async (
  { plan, sources }: Pick<Runner, 'plan' | 'sources'>,
  { startedMs }: Head,
  { offsets }: Manifest,
  timeMs: number,
  lanesBySource: LanesBySource,
): Promise<BatchInput> => {
  const { limits } = plan.options
  const inputs = await allOrFirstError(
    [...sources].map(async ([id, source]) => {
      const lanes = lanesBySource.get(id)
      const request = {
        timeMs,
        offsets: offsets[id] ?? {},
        limits,
        startedMs,
        ...(lanes === undefined ? {} : { lanes }),
      }
      return [id, await source.allocate(request)] as const
    }),
  )
  return { timeMs, sources: Object.fromEntries(inputs) }
}

/** The earliest batch time that can take something after the offsets. Undefined: nothing waits. */
export const waitingSince = async (
  { sources }: Pick<Runner, 'sources'>,
  { startedMs }: Head,
  { offsets }: Manifest,
  nowMs: number,
): Promise<number | undefined> =>
  earliestOf(
    await allOrFirstError(
      [...sources].map(([id, source]) =>
        source.waiting({ offsets: offsets[id] ?? {}, startedMs, nowMs }),
      ),
    ),
  )
