/** What becomes of a logged batch that is given up: its records count as taken, and nothing else comes of them. */
import type { FailureReason } from '../state/head.ts'
import type { BatchPlan } from './batch-plan.ts'
import { noteBatch, totalOf } from './history.ts'
import type { StoredApp } from './last-manifest.ts'
import { settle } from './settle.ts'
import type { Slice } from './sources/batch-source.ts'
import { recordTaken } from './sources/file-chooser.ts'
import { type HintsSlice, recordUploads } from './sources/hint-source.ts'
import type { LanesSlice } from './sources/lane-source.ts'
import type { ObjectsSlice } from './sources/object-source.ts'
import type { WithRedriven } from './sources/redriven.ts'

/** The batch that a command was about. */
export interface OperatedBatch {
  readonly timeMs: number
  /** How often it had been tried. */
  readonly attempts: number
  readonly reason: FailureReason | undefined
}

/** A batch that was given up. */
export interface SkippedBatch extends OperatedBatch {
  /** What it held, in words, a source each. */
  readonly held: readonly string[]
}

const slicesOf = (plan: BatchPlan): readonly [source: string, slice: Slice & WithRedriven][] => Object.entries(plan.slices)

/** Writes into the ledgers what the batch has taken. Again for the same batch: nothing changes. */
export const recordGivenUp = async ({ store, app, clock }: StoredApp, plan: BatchPlan): Promise<void> => {
  const { timeMs } = plan
  for (const [source, slice] of slicesOf(plan)) {
    if (slice.kind === 'objects') await settle(clock, () => recordTaken(store, app, source, (slice as ObjectsSlice).taken, timeMs))
    if (slice.kind === 'hints')
      await settle(clock, () => recordUploads({ store, app, source }, (slice as HintsSlice).taken, { timeMs, byKey: true }))
  }
}

const NAMES_SHOWN_MAX = 10

/** What a batch held, in words. */
export const heldBy = (plan: BatchPlan): readonly string[] =>
  slicesOf(plan).flatMap(([source, slice]) => {
    const redriven = slice.redriven === undefined ? [] : inLanes(source, slice.redriven)
    if (slice.kind === 'objects' || slice.kind === 'hints') return [...inFiles(source, slice as ObjectsSlice | HintsSlice), ...redriven]
    return slice.kind === 'lanes' ? inLanes(source, slice as LanesSlice) : [`${slice.records} records of ${source}`]
  })

const inFiles = (source: string, { taken }: ObjectsSlice | HintsSlice): readonly string[] => {
  const names = taken.map(({ key }) => key)
  const more = names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : ''
  return names.length === 0
    ? []
    : [`${names.length} ${names.length === 1 ? 'file' : 'files'} of ${source}: ${names.slice(0, NAMES_SHOWN_MAX).join(', ')}${more}`]
}

const inLanes = (source: string, { lanes }: LanesSlice): readonly string[] =>
  lanes.map(({ lane, entries }) => {
    const records = entries.reduce((total, { count }) => total + count, 0)
    return `${records} records of ${source}: positions ${entries[0]?.first} to ${entries.at(-1)?.last} of lane ${lane}`
  })

/** Notes the batch for people and pages to look at. Best effort. */
export const noteGivenUp = async ({ store, app }: StoredApp, plan: BatchPlan, batch: SkippedBatch): Promise<void> => {
  const { timeMs, attempts, reason, held } = batch
  await noteBatch(store, app, timeMs, {
    attempt: attempts,
    records: totalOf(plan, 'records'),
    bytes: totalOf(plan, 'bytes'),
    objects: totalOf(plan, 'objects'),
    deadLetters: 0,
    processingMs: 0,
    skipped: true,
    held: held.join('; '),
    reason: reason?.message ?? '',
  })
}
