/** What becomes of a logged batch that is given up: its records count as taken, and nothing else comes of them. */
import type { Clock } from '../ports/clock.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { FailureReason, Head } from '../state/head.ts'
import { historyKey } from '../state/item-keys.ts'
import { emptyManifest, type Manifest, readManifest } from '../state/manifest.ts'
import type { BatchPlan } from './batch-plan.ts'
import { storeVerdict } from './dead-letters.ts'
import { settle } from './settle.ts'
import type { Slice } from './sources/batch-source.ts'
import { recordTaken } from './sources/file-chooser.ts'
import { type HintsSlice, recordUploads } from './sources/hint-source.ts'
import type { LanesSlice } from './sources/lane-source.ts'
import type { ObjectsSlice } from './sources/object-source.ts'
import type { WithRedriven } from './sources/redriven.ts'

/** An application in a store. */
export interface StoredApp {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
}

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

/** The last manifest, with its verdict on dead letters written down: who replaces it answers for that, as a driver does. */
export const lastManifest = async ({ store, app, clock }: StoredApp, { manifest: ref, zeroMs }: Head): Promise<Manifest> => {
  const manifest = ref === undefined ? emptyManifest(zeroMs) : await settle(clock, () => readManifest(store, app, ref))
  await settle(clock, () => storeVerdict(store, app, manifest))
  return manifest
}

/** The cuts after a batch that was given up. */
export const cutsAfter = (before: Manifest, plan: BatchPlan): Manifest['cuts'] => ({
  ...before.cuts,
  ...Object.fromEntries(slicesOf(plan).map(([source, slice]) => [source, slice.cut])),
})

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

const HISTORY_KEPT_S = 7 * 86_400

/** Notes the batch for people and pages to look at. Best effort. */
export const noteGivenUp = async ({ store, app }: StoredApp, plan: BatchPlan, batch: SkippedBatch): Promise<void> => {
  const total = (field: 'records' | 'bytes' | 'objects'): number => Object.values(plan.slices).reduce((sum, slice) => sum + slice[field], 0)
  const numbers = { records: total('records'), bytes: total('bytes'), objects: total('objects'), deadLetters: 0, processingMs: 0 }
  const { timeMs, attempts, reason, held } = batch
  const note = {
    timeMs,
    attempt: attempts,
    ...numbers,
    skipped: true,
    held: held.join('; '),
    reason: reason?.message ?? '',
    ttl: Math.floor(timeMs / 1_000) + HISTORY_KEPT_S,
  }
  await store.put(historyKey(app, timeMs), note).catch(() => undefined)
}
