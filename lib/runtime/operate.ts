/**
 * What a person does to an application that a failing batch has stopped (B9). Both are one conditional write of the head, so that they may
 * meet a running driver: one of the two is refused.
 *
 * B2  A logged batch keeps its time and its cut: to skip is to commit them without what was in them.
 * B5  Done, manifest and cuts move in one write, and the manifest is there before.
 * B6  The times of batches go on from the skipped one.
 * B11 The new manifest names the same state, so nothing becomes garbage but what the skipped batch has left, which a sweep finds.
 */
import { MillraceError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Randomness } from '../ports/randomness.ts'
import type { FailureReason, Head, HeadCondition, LoggedBatch } from '../state/head.ts'
import { HeadStore } from '../state/head.ts'
import { historyKey } from '../state/item-keys.ts'
import { emptyManifest, KEPT_MANIFESTS, type Manifest, readManifest, writeManifest } from '../state/manifest.ts'
import { type BatchPlan, loadPlan } from './batch-plan.ts'
import { laneCuts } from './head-writes.ts'
import { settle } from './settle.ts'
import type { LanesSlice } from './sources/lane-source.ts'
import type { Slice } from './sources/batch-source.ts'
import { recordTaken } from './sources/file-chooser.ts'
import type { ObjectsSlice } from './sources/object-source.ts'

/** An application in a store. */
export interface Operated {
  readonly store: ItemStore
  readonly app: string
  readonly clock: Clock
  readonly randomness: Randomness
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

const UNCHANGED: HeadCondition = ['epoch', 'doneMs', 'generation', 'status', 'owner', 'leaseEndMs', 'next']

/**
 * Lets an application that stands as FAILED try its batch again, from the first attempt on.
 *
 * @throws MillraceError `COMMAND_REFUSED` when it has not failed.
 */
export const resume = async ({ store, app, clock }: Operated): Promise<OperatedBatch> => {
  const heads = new HeadStore(store, app)
  const { head, logged } = await loggedHead(heads, clock)
  if (head.status !== 'failed') {
    throw refused(
      'Nothing has failed for good: the batch is tried again by itself',
      head.status,
      'failed',
      'start the pipeline, or give the batch up with millrace skip',
    )
  }
  const next: Head = { ...head, status: 'running', logged: { ...logged, attempts: 0, retryMs: 0 }, reason: undefined }
  await swap(heads, clock, head, next, (now) => now.status === 'running' && now.logged?.timeMs === logged.timeMs)
  return { timeMs: logged.timeMs, attempts: logged.attempts, reason: head.reason }
}

/**
 * Gives the logged batch up: its records count as taken, and nothing else comes of them.
 *
 * @throws MillraceError `COMMAND_REFUSED` when no batch is logged.
 */
export const skip = async ({ store, app, clock, randomness }: Operated): Promise<SkippedBatch> => {
  const heads = new HeadStore(store, app)
  const { head, logged } = await loggedHead(heads, clock)
  const plan = await loadPlan(store, app, logged.plan)
  const before = head.manifest === undefined ? emptyManifest(head.zeroMs) : await readManifest(store, app, head.manifest)
  const attemptId = randomness.attemptId()
  const manifest = await settle(clock, () => writeManifest(store, app, attemptId, manifestAfter(before, head, plan)))
  for (const [source, slice] of slicesOf(plan)) {
    if (slice.kind === 'objects') await settle(clock, () => recordTaken(store, app, source, (slice as ObjectsSlice).taken, plan.timeMs))
  }
  const next: Head = {
    ...head,
    status: 'running',
    epoch: head.epoch + 1,
    owner: undefined,
    leaseEndMs: 0,
    doneMs: plan.timeMs,
    manifest,
    cuts: laneCuts(head.cuts, plan),
    logged: undefined,
    reason: undefined,
  }
  await swap(heads, clock, head, next, (now) => now.manifest?.by === attemptId)
  const skipped = { timeMs: plan.timeMs, attempts: logged.attempts, reason: head.reason, held: heldBy(plan) }
  await store.put(historyKey(app, plan.timeMs), historyOf(plan, skipped)).catch(() => undefined)
  return skipped
}

const loggedHead = async (heads: HeadStore, clock: Clock): Promise<{ readonly head: Head; readonly logged: LoggedBatch }> => {
  const head = await settle(clock, () => heads.read())
  if (head?.logged !== undefined) return { head, logged: head.logged }
  throw refused(
    'No batch is under way or has failed',
    head?.status ?? 'nothing has run yet',
    'a logged batch',
    'nothing: millrace status shows how things are',
  )
}

/** A refusal that shows the very change is its success, whose answer was lost. */
const swap = async (heads: HeadStore, clock: Clock, seen: Head, next: Head, isDone: (now: Head) => boolean): Promise<void> => {
  const answer = await settle(clock, () => heads.swap(seen, UNCHANGED, next))
  if (!answer.swapped && !(answer.head !== undefined && isDone(answer.head)))
    throw refused(
      'The application has moved on meanwhile',
      answer.head?.status ?? 'gone',
      'an application that stands still',
      'look at millrace status, and try again',
    )
}

const refused = (problem: string, value: string, allowed: string, fix: string): MillraceError =>
  new MillraceError('COMMAND_REFUSED', { problem, value, allowed, fix })

const slicesOf = (plan: BatchPlan): readonly [source: string, slice: Slice][] => Object.entries(plan.slices)

const manifestAfter = (before: Manifest, head: Head, plan: BatchPlan): Manifest => ({
  timeMs: plan.timeMs,
  cuts: { ...before.cuts, ...Object.fromEntries(slicesOf(plan).map(([source, slice]) => [source, slice.cut])) },
  states: before.states,
  marks: before.marks,
  expected: before.expected,
  quietSinceMs: undefined,
  previous: head.manifest === undefined ? [] : [head.manifest, ...before.previous].slice(0, KEPT_MANIFESTS - 1),
})

const NAMES_SHOWN_MAX = 10

const heldBy = (plan: BatchPlan): readonly string[] =>
  slicesOf(plan).flatMap(([source, slice]) => {
    if (slice.kind === 'objects') {
      const names = (slice as ObjectsSlice).taken.map(({ key }) => key)
      const more = names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : ''
      return names.length === 0
        ? []
        : [`${names.length} ${names.length === 1 ? 'file' : 'files'} of ${source}: ${names.slice(0, NAMES_SHOWN_MAX).join(', ')}${more}`]
    }
    if (slice.kind !== 'lanes') return [`${slice.records} records of ${source}`]
    return (slice as LanesSlice).lanes.map(({ lane, entries }) => {
      const records = entries.reduce((total, { count }) => total + count, 0)
      return `${records} records of ${source}: positions ${entries[0]?.first} to ${entries.at(-1)?.last} of lane ${lane}`
    })
  })

const HISTORY_KEPT_S = 7 * 86_400

const historyOf = (plan: BatchPlan, { timeMs, attempts, reason, held }: SkippedBatch): Record<string, string | number | boolean> => {
  const total = (field: 'records' | 'bytes' | 'objects'): number => Object.values(plan.slices).reduce((sum, slice) => sum + slice[field], 0)
  const numbers = { records: total('records'), bytes: total('bytes'), objects: total('objects'), deadLetters: 0, processingMs: 0 }
  return {
    timeMs,
    attempt: attempts,
    ...numbers,
    skipped: true,
    held: held.join('; '),
    reason: reason?.message ?? '',
    ttl: Math.floor(timeMs / 1_000) + HISTORY_KEPT_S,
  }
}
