/** What becomes of a logged batch that is given up: its records count as taken, and nothing else comes of them. */
import type { FailureReason } from '../../state/head.ts'
import type { BatchInput } from '../driver/batch-input.ts'
import { noteBatch, totalOf } from '../../state/history.ts'
import type { StoredApp } from '../driver/last-manifest.ts'
import { settle } from '../retry.ts'
import type { SourceInput } from '../sources/source-reader.ts'
import { recordTaken } from '../sources/files/file-chooser.ts'
import { type ObjectsInput, recordUploads } from '../sources/objects/reader.ts'
import type { LanesInput } from '../sources/lanes/reader.ts'
import type { FilesInput } from '../sources/files/reader.ts'
import type { WithRedriven } from '../sources/redriven.ts'

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

const slicesOf = (
  plan: BatchInput,
): readonly [source: string, slice: SourceInput & WithRedriven][] => Object.entries(plan.slices)

/** Writes into the ledgers what the batch has taken. Again for the same batch: nothing changes. */
export const recordGivenUp = async (
  { store, app, clock }: StoredApp,
  plan: BatchInput,
): Promise<void> => {
  const { timeMs } = plan
  for (const [source, slice] of slicesOf(plan)) {
    if (slice.kind === 'objects')
      await settle(clock, () =>
        recordTaken(store, app, source, (slice as FilesInput).taken, timeMs),
      )
    if (slice.kind === 'notifications')
      await settle(clock, () =>
        recordUploads({ store, app, source }, (slice as ObjectsInput).taken, {
          timeMs,
          byKey: true,
        }),
      )
  }
}

const NAMES_SHOWN_MAX = 10

/** What a batch held, in words. */
export const heldBy = (plan: BatchInput): readonly string[] =>
  slicesOf(plan).flatMap(([source, slice]) => {
    const redriven = slice.redriven === undefined ? [] : inLanes(source, slice.redriven)
    if (slice.kind === 'objects' || slice.kind === 'notifications')
      return [...inFiles(source, slice as FilesInput | ObjectsInput), ...redriven]
    return slice.kind === 'lanes'
      ? inLanes(source, slice as LanesInput)
      : [`${slice.records} records of ${source}`]
  })

const inFiles = (source: string, { taken }: FilesInput | ObjectsInput): readonly string[] => {
  const names = taken.map(({ key }) => key)
  const more = names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : ''
  return names.length === 0
    ? []
    : [
        `${names.length} ${names.length === 1 ? 'file' : 'files'} of ${source}: ${names.slice(0, NAMES_SHOWN_MAX).join(', ')}${more}`,
      ]
}

const inLanes = (source: string, { lanes }: LanesInput): readonly string[] =>
  lanes.map(({ lane, entries }) => {
    const records = entries.reduce((total, { count }) => total + count, 0)
    return `${records} records of ${source}: positions ${entries[0]?.first} to ${entries.at(-1)?.last} of lane ${lane}`
  })

/** Notes the batch for people and pages to look at. Best effort. */
export const noteGivenUp = async (
  { store, app }: StoredApp,
  plan: BatchInput,
  batch: SkippedBatch,
): Promise<void> => {
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
