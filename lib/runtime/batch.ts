/**
 * One attempt at a logged batch, from its records to the segments of its manifest. Nothing in here is true before the commit.
 */
import { MillraceError } from '../base/errors.ts'
import type { Partition } from '../rdd/pour.ts'
import { historyKey } from '../state/item-keys.ts'
import { KEPT_MANIFESTS, type Manifest, writeManifest } from '../state/manifest.ts'
import type { SegmentRef } from '../state/segments.ts'
import type { BatchPlan } from './batch-plan.ts'
import { type DeadLetter, storeDeadLetters } from './dead-letters.ts'
import { execute } from './execute.ts'
import { logAgain, type LoggedAttempt } from './head-writes.ts'
import type { LiveState, StateDrafts } from './live-state.ts'
import type { Runner } from './runner.ts'
import { settle } from './settle.ts'
import type { BatchSource, LostRecords, PutAside, Slice } from './sources/batch-source.ts'

/** What is true before the batch: the last manifest, and the state it names in memory. */
export interface Before {
  readonly manifest: Manifest
  readonly manifestRef: SegmentRef | undefined
  readonly state: LiveState
}

/** What an attempt has prepared: the commit makes it true. */
export interface Prepared {
  readonly attempt: LoggedAttempt
  readonly manifest: Manifest
  readonly manifestRef: SegmentRef
  readonly drafts: StateDrafts
  readonly letters: readonly DeadLetter[]
  readonly records: number
  /** What the commit uses up: blocks, and the plan of the batch where it is a segment. */
  readonly used: readonly SegmentRef[]
  /** Batch times between the last batch and this one, left out because nothing could have happened at them. */
  readonly skippedTimes: number
  /** There was nothing in the batch, and it has changed nothing. */
  readonly isIdle: boolean
}

/** A logged batch with its records at hand. Nothing has happened outside yet. */
export interface ReadBatch {
  /** With the plan that is logged now: smaller than before, if part of it was gone. A failure from here on must keep it. */
  readonly attempt: LoggedAttempt
  readonly partitions: ReadonlyMap<string, readonly Partition<unknown>[]>
  readonly records: number
  /** What was put aside, by its name; more may come while the batch runs. */
  readonly letters: ReadonlyMap<string, DeadLetter>
}

/** Reads a logged batch. What is gone is logged before any output starts. Undefined when the lease was lost on the way. */
export const readBatch = async (runner: Runner, logged: LoggedAttempt): Promise<ReadBatch | undefined> => {
  const letters = new Map<string, DeadLetter>()
  const putAside: PutAside = (letter) => void letters.set(`${letter.source}#${letter.position}#${letter.operator ?? ''}`, letter)
  const { partitions, plan, records } = await readAll(runner, logged.plan, putAside)
  const lost = lostIn(plan)
  if (lost.length > lostIn(logged.plan).length && runner.plan.options.onDataLoss === 'halt') throw dataLost(lost)
  const attempt = plan === logged.plan ? logged : await logAgain(runner, logged, plan)
  if (attempt === undefined) return undefined
  // At each attempt: whoever was the first to see it may be gone before anybody heard of it.
  for (const one of lost) runner.listen({ event: 'dataLost', ...one })
  return { attempt, partitions, records, letters }
}

/** What a plan goes on without, each with the id of its source. */
const lostIn = (plan: BatchPlan): readonly (LostRecords & { readonly source: string })[] =>
  Object.entries(plan.slices).flatMap(([source, { lost = [] }]) => lost.map((one) => ({ source, ...one })))

const dataLost = (lost: ReturnType<typeof lostIn>): MillraceError => {
  const records = lost.reduce((total, one) => total + one.records, 0)
  const [first] = lost
  return new MillraceError('DATA_LOST', {
    problem: `${records} records that were taken in are nowhere any more: ${first?.reason}`,
    value: lost.map(({ source, lane, first: from, last }) => ({ source, lane, first: from, last })),
    fix: "restore the table or the bucket of blocks from a backup; or go on without them: onDataLoss: 'skip' in the options of stream(), deployed again",
  })
}

/** Runs a batch up to its commit. */
export const prepareBatch = async (
  runner: Runner,
  { attempt, partitions, records, letters }: ReadBatch,
  before: Before,
): Promise<Prepared> => {
  const { plan } = attempt
  const drafts = before.state.draft()
  const fence = { app: runner.app, generation: runner.generation, epoch: attempt.head.epoch }
  await execute({
    plan: runner.plan,
    timeMs: plan.timeMs,
    attemptNumber: attempt.number,
    fence,
    records: partitions,
    outputsDone: attempt.outputsDone,
    drafts,
    outputs: runner.outputs,
  })

  await settle(runner.clock, () => storeDeadLetters(runner.store, runner.app, plan.timeMs, [...letters.values()]))
  for (const { source, slice } of slicesOf(runner, plan)) await settle(runner.clock, async () => source.record?.(slice, plan.timeMs))
  const { manifest, manifestRef } = await writeAll(runner, attempt, before, drafts)
  const slices = Object.values(plan.slices)
  const isEmpty = records === 0 && slices.every((slice) => slice.objects === 0)
  return {
    attempt,
    manifest,
    manifestRef,
    drafts,
    letters: [...letters.values()],
    records,
    used: [...planSegments(attempt), ...slicesOf(runner, plan).flatMap(({ source, slice }) => source.blocks(slice))],
    skippedTimes: Math.round((plan.timeMs - before.manifest.timeMs) / runner.plan.options.intervalMs) - 1,
    isIdle: isEmpty && drafts.isUnchanged,
  }
}

const planSegments = ({ head }: LoggedAttempt): readonly SegmentRef[] => {
  const plan = head.logged?.plan
  return plan === undefined || typeof plan === 'string' ? [] : [plan]
}

interface AllRecords {
  readonly partitions: ReadonlyMap<string, readonly Partition<unknown>[]>
  /** The plan, or a smaller one if part of it was gone. */
  readonly plan: BatchPlan
  readonly records: number
}

/** Reads every slice before any output starts: what is gone must be known by then. */
const readAll = async (runner: Runner, plan: BatchPlan, putAside: PutAside): Promise<AllRecords> => {
  const partitions = new Map<string, readonly Partition<unknown>[]>()
  const slices: Record<string, Slice> = {}
  let records = 0
  for (const { id, source, slice } of slicesOf(runner, plan)) {
    const data = await settle(runner.clock, () => source.read(slice, putAside))
    partitions.set(id, data.partitions)
    slices[id] = data.slice
    records += data.records
  }
  const isWhole = Object.entries(slices).every(
    ([id, slice]) => slice.objects === plan.slices[id]?.objects && slice.lost?.length === plan.slices[id]?.lost?.length,
  )
  return { partitions, plan: isWhole ? plan : { ...plan, slices: { ...plan.slices, ...slices } }, records }
}

/** The slices of a plan with the sources that read them, in the order of the plan. */
const slicesOf = (
  runner: Runner,
  plan: BatchPlan,
): readonly { readonly id: string; readonly source: BatchSource; readonly slice: Slice }[] =>
  runner.plan.sources.flatMap(({ id }) => {
    const source = runner.sources.get(id) as BatchSource
    const slice = plan.slices[id]
    if (slice === undefined) return []
    if (slice.kind === source.kind) return [{ id, source, slice }]
    throw new MillraceError('BINDING_CHANGED', {
      problem: `The batch at ${plan.timeMs} ms was logged with ${slice.kind} as the source ${id}, and is bound to ${source.kind} now`,
      fix: 'start once with the earlier binding, so that the batch is finished, or give it up with millrace skip',
    })
  })

const writeAll = async (
  runner: Runner,
  { attemptId, plan }: LoggedAttempt,
  before: Before,
  drafts: StateDrafts,
): Promise<Pick<Prepared, 'manifest' | 'manifestRef'>> => {
  const { store, app, clock } = runner
  const states = await settle(clock, () => drafts.write(store, app, { timeMs: plan.timeMs, attemptId }, before.manifest))
  const cuts = Object.fromEntries(Object.entries(plan.slices).map(([id, slice]) => [id, slice.cut]))
  const previous = before.manifestRef === undefined ? [] : [before.manifestRef, ...before.manifest.previous].slice(0, KEPT_MANIFESTS - 1)
  const manifest: Manifest = { timeMs: plan.timeMs, cuts: { ...before.manifest.cuts, ...cuts }, states, previous }
  const manifestRef = await settle(clock, () => writeManifest(store, app, attemptId, manifest))
  return { manifest, manifestRef }
}

const HISTORY_KEPT_S = 7 * 86_400

/** Notes a committed batch for people and pages to look at. Best effort: nothing depends on it. */
export const recordHistory = async (runner: Runner, prepared: Prepared, processingMs: number): Promise<void> => {
  const { attempt, records, letters, skippedTimes } = prepared
  const { timeMs, slices } = attempt.plan
  const objects = Object.values(slices).reduce((total, slice) => total + slice.objects, 0)
  const bytes = Object.values(slices).reduce((total, slice) => total + slice.bytes, 0)
  const lost = lostIn(attempt.plan).reduce((total, one) => total + one.records, 0)
  const summary = {
    timeMs,
    attempt: attempt.number,
    records,
    bytes,
    objects,
    deadLetters: letters.length,
    lost,
    skippedTimes,
    processingMs,
  }
  for (const letter of letters)
    runner.listen({ event: 'deadLetter', source: letter.source, position: letter.position, code: letter.code, message: letter.message })
  runner.listen({ event: 'batchCompleted', ...summary })
  try {
    await runner.store.put(historyKey(runner.app, timeMs), { ...summary, ttl: Math.floor(timeMs / 1_000) + HISTORY_KEPT_S })
  } catch {
    // The batch is true without it.
  }
}
