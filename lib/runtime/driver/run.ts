/**
 * One attempt at a logged batch, from its records to the segments of its manifest. Nothing in here is true before the commit.
 */
import { MillraceError } from '../../base/errors.ts'
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import { inputsOf } from '../../dstream/plan.ts'
import type { Partition } from '../../rdd/evaluate.ts'
import { type Manifest, nameManifest } from '../../state/manifest.ts'
import { putSegment, type SegmentRef } from '../../state/segments.ts'
import type { BatchInput } from './batch-input.ts'
import { type DeadLetter, storeDeadLetters } from '../../state/dead-letters.ts'
import { execute } from '../tasks/execute.ts'
import { noteBatch, totalOf } from '../../state/history.ts'
import { logAgain, type LoggedAttempt } from './head-writes.ts'
import { cutsAfter, keptBefore } from './last-manifest.ts'
import type { LiveState, StateDrafts } from '../../state/live-state.ts'
import { mayRestAfter } from './rest.ts'
import type { Runner } from '../runner.ts'
import { settle } from '../retry.ts'
import { withProcessedElsewhere } from '../dead-letters/processed-elsewhere.ts'
import type { SourceReader, LostRecords, PutAside, SourceInput } from '../sources/source-reader.ts'

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
  /** Batches have been empty, and have changed nothing, for so long that another one would not either. */
  readonly mayRest: boolean
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

/** The records of a plan, and what of it turned out to be gone. */
export interface ReadRecords {
  readonly partitions: ReadonlyMap<string, readonly Partition<unknown>[]>
  /** The plan, or a smaller one if part of it was gone. */
  readonly plan: BatchInput
  readonly records: number
  readonly letters: ReadonlyMap<string, DeadLetter>
}

/** Reads every slice of a plan. Changes nothing, so it may be done while the batch is being logged. */
export const readRecords = async (runner: Runner, plan: BatchInput): Promise<ReadRecords> => {
  const letters = new Map<string, DeadLetter>()
  const putAside: PutAside = (letter) =>
    void letters.set(`${letter.source}#${letter.position}#${letter.operator ?? ''}`, letter)
  return { ...(await readAll(runner, plan, putAside)), letters }
}

/** The batch as its records are: what is gone is logged before any output starts. Undefined when the lease was lost on the way. */
export const reconcileLosses = async (
  runner: Runner,
  logged: LoggedAttempt,
  read: ReadRecords,
): Promise<ReadBatch | undefined> => {
  const { plan, partitions, records, letters } = read
  const lost = lostIn(plan)
  if (lost.length > lostIn(logged.plan).length && runner.plan.options.onDataLoss === 'halt')
    throw dataLost(lost)
  const attempt = plan === logged.plan ? logged : await logAgain(runner, logged, plan)
  if (attempt === undefined) return undefined
  // At each attempt: whoever was the first to see it may be gone before anybody heard of it.
  for (const one of lost) runner.listen({ event: 'dataLost', ...one })
  return { attempt, partitions, records, letters }
}

/** What a plan goes on without, each with the id of its source. */
const lostIn = (plan: BatchInput): readonly (LostRecords & { readonly source: string })[] =>
  Object.entries(plan.slices).flatMap(([source, { lost = [] }]) =>
    lost.map((one) => ({ source, ...one })),
  )

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
  const drafts = before.state.draft(plan.timeMs)
  const fence = { app: runner.app, generation: runner.generation, epoch: attempt.head.epoch }
  await execute({
    plan: runner.plan,
    timeMs: plan.timeMs,
    zeroMs: attempt.head.zeroMs,
    attemptNumber: attempt.number,
    fence,
    records: partitions,
    outputsDone: attempt.outputsDone,
    drafts,
    outputs: runner.outputs,
  })

  const kept = withProcessedElsewhere(runner.plan, [...letters.values()])
  const origin = { timeMs: plan.timeMs, epoch: attempt.head.epoch }
  await settle(runner.clock, () => storeDeadLetters(runner.store, runner.app, kept, origin))
  for (const { source, slice } of slicesOf(runner, plan))
    await settle(runner.clock, async () => source.record?.(slice, plan.timeMs))
  const isEmpty = records === 0 && totalOf(plan, 'objects') === 0
  const quietSinceMs =
    isEmpty && drafts.isQuiet ? (before.manifest.quietSinceMs ?? plan.timeMs) : undefined
  const verdict = kept.length > 0 || !attempt.isFirst ? { letters: attempt.head.epoch } : {}
  const { manifest, manifestRef } = await writeAll(runner, attempt, before, drafts, {
    quietSinceMs,
    ...verdict,
  })
  return {
    attempt,
    manifest,
    manifestRef,
    drafts,
    letters: kept,
    records,
    used: [
      ...planSegments(attempt),
      ...slicesOf(runner, plan).flatMap(({ source, slice }) => source.blocks(slice)),
    ],
    skippedTimes:
      Math.round((plan.timeMs - before.manifest.timeMs) / runner.plan.options.intervalMs) - 1,
    mayRest: mayRestAfter(runner.plan, manifest),
  }
}

const planSegments = ({ head }: LoggedAttempt): readonly SegmentRef[] => {
  const plan = head.logged?.plan
  return plan === undefined || typeof plan === 'string' ? [] : [plan]
}

/** Reads every slice before any output starts: what is gone must be known by then. */
const readAll = async (
  runner: Runner,
  plan: BatchInput,
  putAside: PutAside,
): Promise<Omit<ReadRecords, 'letters'>> => {
  const partitions = new Map<string, readonly Partition<unknown>[]>()
  const slices: Record<string, SourceInput> = {}
  let records = 0
  for (const { id, source, slice } of slicesOf(runner, plan)) {
    const data = await settle(runner.clock, () => source.read(slice, putAside))
    partitions.set(id, data.partitions)
    slices[id] = data.slice
    records += data.records
  }
  const isWhole = Object.entries(slices).every(
    ([id, slice]) =>
      slice.objects === plan.slices[id]?.objects &&
      slice.lost?.length === plan.slices[id]?.lost?.length,
  )
  return {
    partitions,
    plan: isWhole ? plan : { ...plan, slices: { ...plan.slices, ...slices } },
    records,
  }
}

/** The slices of a plan with the sources that read them, in the order of the plan. */
const slicesOf = (
  runner: Runner,
  plan: BatchInput,
): readonly { readonly id: string; readonly source: SourceReader; readonly slice: SourceInput }[] =>
  runner.plan.sources.flatMap(({ id }) => {
    const source = runner.sources.get(id) as SourceReader
    const slice = plan.slices[id]
    if (slice === undefined) return []
    if (slice.kind === source.kind) return [{ id, source, slice }]
    throw new MillraceError('BINDING_CHANGED', {
      problem: `The batch at ${plan.timeMs} ms was logged with ${slice.kind} as the source ${id}, and is bound to ${source.kind} now`,
      fix: 'start once with the earlier binding, so that the batch is finished, or give it up with millrace skip',
    })
  })

/** Writes the segments and the manifest that names them side by side: until the commit nothing points at any of them. */
const writeAll = async (
  runner: Runner,
  { attemptId, plan }: LoggedAttempt,
  before: Before,
  drafts: StateDrafts,
  outcome: Pick<Manifest, 'letters' | 'quietSinceMs'>,
): Promise<Pick<Prepared, 'manifest' | 'manifestRef'>> => {
  const { store, app, clock } = runner
  const { states, segments } = drafts.flush(store, app, attemptId, before.manifest)
  const manifest: Manifest = {
    timeMs: plan.timeMs,
    cuts: cutsAfter(before.manifest, plan),
    states,
    // A source that is gone may have left records in its lanes: whoever comes under its name later must not find them.
    inputs: { ...before.manifest.inputs, ...inputsOf(runner.plan) },
    marks: drafts.marks,
    expected: drafts.expected,
    previous: keptBefore(before.manifest, before.manifestRef),
    ...outcome,
  }
  const named = nameManifest(store, app, attemptId, manifest)
  await allOrFirstError(
    [...segments, named].map((segment) => settle(clock, () => putSegment(store, segment))),
  )
  return { manifest, manifestRef: named.ref }
}

/** Notes a committed batch for people and pages to look at. Best effort: nothing depends on it. */
export const recordHistory = async (
  runner: Runner,
  prepared: Prepared,
  processingMs: number,
): Promise<void> => {
  const { attempt, records, letters, skippedTimes } = prepared
  const { timeMs } = attempt.plan
  const lost = lostIn(attempt.plan).reduce((total, one) => total + one.records, 0)
  const summary = {
    timeMs,
    attempt: attempt.number,
    records,
    bytes: totalOf(attempt.plan, 'bytes'),
    objects: totalOf(attempt.plan, 'objects'),
    deadLetters: letters.length,
    lost,
    skippedTimes,
    processingMs,
  }
  for (const letter of letters)
    runner.listen({
      event: 'deadLetter',
      source: letter.source,
      position: letter.position,
      code: letter.code,
      message: letter.message,
    })
  runner.listen({ event: 'batchCompleted', ...summary })
  await noteBatch(runner.store, runner.app, timeMs, summary)
}
