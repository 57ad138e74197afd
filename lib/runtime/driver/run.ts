/**
 * Phase 3 of a batch: run. One attempt at a logged batch, from its records to the segments of its
 * manifest. Nothing that this phase writes is true before the commit.
 *
 * 1. Read the records of all sources: see read-records.ts. This changes nothing, so it may run at
 *    the same time as the log.
 * 2. Reconcile what is gone, before any output (B2): log a smaller input, or fail with DATA_LOST.
 * 3. Run the graph: first all state, into drafts, then outputs under the fence (generation, epoch)
 *    (B4).
 * 4. Beside the outputs: write the segments of the state and the manifest, and note in the ledgers
 *    what was taken. Nothing names the segments before the commit (B5). They do not depend on
 *    outputs: what these leave to be done after the commit goes into the head with the commit.
 * 5. Store the dead letters.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { AccumulatorsAfter } from '../../rdd/adds/accumulator-set.ts'
import type { AddsTable } from '../../rdd/adds/adds-table.ts'
import { type DeadLetter, storeDeadLetters } from '../../state/dead-letters.ts'
import { broadcastSegments } from '../../state/broadcasts.ts'
import type { Head } from '../../state/head.ts'
import { keptRef } from '../../state/kept-tasks.ts'
import type { Manifest } from '../../state/manifest.ts'
import { noteForReplay } from '../../state/replay-log.ts'
import { segmentId, type SegmentRef } from '../../state/segments.ts'
import type { StateDrafts } from '../../state/state-drafts.ts'
import { declaredIn } from '../blame.ts'
import { withProcessedElsewhere } from '../dead-letters/processed-elsewhere.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import type { BatchTrace } from '../tasks/batch-trace.ts'
import { execute, type Execution } from '../tasks/execute.ts'
import { pausesOf } from '../tasks/pauses.ts'
import type { TaskKeeper } from '../tasks/task-keeper.ts'
import type { TaskBatch } from '../tasks/task-request.ts'
import { type BatchInput, lostIn, totalOf } from './batch-input.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { logAgain } from './log.ts'
import { type ReadRecords, sourcesOf } from './read-records.ts'
import { mayRestAfter } from './rest.ts'
import {
  type Before,
  keptFor,
  type NamedBatch,
  withAfterCommit,
  type WrittenBatch,
  writeStates,
} from './write-states.ts'

/** What an attempt has prepared. The commit makes it true. */
export interface Prepared extends NamedBatch {
  readonly attempt: LoggedAttempt
  readonly drafts: StateDrafts
  readonly deadLetters: readonly DeadLetter[]
  readonly records: number
  /** How many records were read of each source, by its id. */
  readonly counts: Readonly<Record<string, number>>
  /**
   * Number of batch times between the last batch and this one. Nothing could have happened at them.
   */
  readonly skippedTimes: number
  /** Whether the application may rest: another empty batch would change nothing. */
  readonly mayRest: boolean
  /** What the batch has added to accumulators, by name, where that is a number. */
  readonly added: Readonly<Record<string, number>>
}

/** A logged batch with its records in memory. No output has started yet. */
export interface ReadBatch extends Omit<ReadRecords, 'input'> {
  /** Has the input that is logged now. A failure must keep this input. */
  readonly attempt: LoggedAttempt
  /** Keeps what its tasks give, for an attempt that hands on. Left out: nothing is kept. */
  readonly keeper?: TaskKeeper | undefined
  /** Takes what functions add to accumulators. Left out: the plan has none. */
  readonly adds?: AddsTable | undefined
}

/** Step 2. Undefined: the lease was lost. */
export const reconcileLosses = async (
  runner: Runner,
  logged: LoggedAttempt,
  read: ReadRecords,
): Promise<ReadBatch | undefined> => {
  const { input, ...rest } = read
  const lost = lostIn(input)
  const { onDataLoss } = runner.plan.options
  if (lost.length > lostIn(logged.input).length && onDataLoss === 'halt') throw dataLost(lost)
  const attempt = input === logged.input ? logged : await logAgain(runner, logged, input)
  if (attempt === undefined) return undefined
  // In each attempt: an earlier attempt may have ended before it could report the loss.
  for (const one of lost) runner.listen({ event: 'dataLost', ...one })
  const outputsDone = attempt.outputsDone.with(rest.found)
  return { attempt: { ...attempt, outputsDone }, ...rest }
}

const dataLost = (lost: ReturnType<typeof lostIn>): MillraceError => {
  const records = lost.reduce((total, one) => total + one.records, 0)
  const [first] = lost
  return new MillraceError('DATA_LOST', {
    problem: `${records} records that intake accepted no longer exist: ${first?.reason}`,
    value: lost.map(({ source, lane, first: from, last }) => ({ source, lane, first: from, last })),
    fix:
      'restore the table or the bucket of blocks from a backup. Or continue without the records: ' +
      "set onDataLoss: 'skip' in the options of stream(), and deploy again",
  })
}

/** Steps 3 to 5. */
export const prepareBatch = async (
  runner: Runner,
  read: ReadBatch,
  before: Before,
  trace: BatchTrace,
): Promise<Prepared> => {
  const { attempt, recordsRead, deadLetters, keeper, adds } = read
  const { input, head } = attempt
  const { timeMs } = input
  const { store, app, clock, plan } = runner
  const drafts = before.state.draft(timeMs)
  const written = await runGraph(runner, read, before, { drafts, trace })
  // A function of the user may have caught the error that ends this attempt.
  keeper?.check()

  const kept = withProcessedElsewhere(plan, [...deadLetters.values()]).map((one) =>
    one.operator === undefined ? one : { ...one, ...declaredIn(plan, one.operator) },
  )
  const origin = { timeMs, epoch: head.epoch, keptMs: plan.options.deadLettersKeptMs }
  await withRetries(clock, () => storeDeadLetters(store, app, kept, origin))
  const { stored, added } = accumulated(plan, before.manifest, adds)
  const named = await withAfterCommit(runner, attempt.attemptId, written, {
    ...(kept.length > 0 || !attempt.isFirst
      ? { deadLetterEpoch: head.epoch, ...keptFor(plan.options) }
      : {}),
    ...(attempt.outputsDone.finished.length > 0 ? { outputs: attempt.outputsDone.finished } : {}),
    ...(stored === undefined ? {} : { accumulators: stored }),
  })
  return {
    attempt,
    ...named,
    drafts,
    deadLetters: kept,
    records: recordsRead(),
    counts: read.countsRead(),
    added,
    retired: [
      ...named.retired,
      ...inputSegments(attempt),
      ...staleBroadcasts(before.manifest, input),
      ...sourcesOf(runner, input).flatMap(({ source, taken }) => source.blocks(taken)),
    ],
    // An earlier plan may have had a shorter interval.
    skippedTimes: Math.max(
      0,
      Math.round((timeMs - before.manifest.timeMs) / plan.options.intervalMs) - 1,
    ),
    mayRest: mayRestAfter(plan, named.manifest),
  }
}

/** Adds the batch to the values of accumulators. Those that the plan does not have stay. */
const accumulated = (
  { accumulators }: Plan,
  { accumulators: stored }: Manifest,
  adds: AddsTable | undefined,
): Partial<AccumulatorsAfter> & Pick<AccumulatorsAfter, 'added'> => {
  if (accumulators !== undefined) return accumulators.after(stored, adds?.all ?? [])
  return stored === undefined ? { added: {} } : { stored, added: {} }
}

/** Steps 3 and 4. */
const runGraph = async (
  runner: Runner,
  { attempt, partitions, found, recordsRead, lazyReads, putAside, count, keeper, adds }: ReadBatch,
  before: Before,
  { drafts, trace }: { readonly drafts: StateDrafts; readonly trace: BatchTrace },
): Promise<WrittenBatch> => {
  const { input, head, number, outputsDone } = attempt
  const { timeMs } = input
  const besideOutputs = async (): Promise<WrittenBatch> => {
    const isQuiet = recordsRead() === 0 && totalOf(input, 'objects') === 0 && drafts.isQuiet
    const quietSinceMs = isQuiet ? (before.manifest.quietSinceMs ?? timeMs) : undefined
    const [written] = await allOrFirstError([
      writeStates(runner, attempt, before, { drafts, quietSinceMs }),
      noteTaken(runner, input),
      noteToReplay(runner, attempt, before),
    ])
    return written
  }
  const execution: Execution = {
    plan: runner.plan,
    timeMs,
    zeroMs: head.zeroMs,
    attemptNumber: number,
    fence: { app: runner.app, generation: runner.generation, epoch: head.epoch },
    records: partitions,
    drafts,
    spread: {
      batch: { ...taskBatchOf(runner, head, input, found), ...watermarksOf(before) },
      putAside,
      count,
      adds,
      ranAway: (stage, executor) => trace.ranAway(stage, executor),
      beginCall: trace.call,
    },
    spreader: runner.spreader,
    outputsDone,
    outputs: runner.outputs,
    taskBytes: runner.taskBytes,
    stateBytes: runner.stateBytes,
    clock: runner.clock,
    trace,
    slowMs: runner.slowMs,
    attemptId: attempt.attemptId,
    pause: pausesOf(runner.clock),
    keeper,
    adds,
  }
  try {
    return await execute(execution, besideOutputs)
  } finally {
    await lazyReads.ended()
  }
}

/** What an executor must know of this attempt. */
const taskBatchOf = (
  { app, generation, plan }: Runner,
  head: Head,
  { timeMs, broadcasts }: BatchInput,
  found: string,
): TaskBatch => ({
  app,
  generation,
  plan: plan.hash,
  timeMs,
  zeroMs: head.zeroMs,
  epoch: head.epoch,
  input: head.logged?.input ?? '',
  found,
  ...(broadcasts === undefined ? {} : { broadcasts }),
})

const watermarksOf = ({ manifest }: Before): Pick<TaskBatch, 'watermarks'> => {
  const known = Object.entries(manifest.timers).flatMap(([id, { eventTime }]) =>
    eventTime?.watermarkMs === undefined ? [] : [[id, eventTime.watermarkMs] as const],
  )
  return known.length === 0 ? {} : { watermarks: Object.fromEntries(known) }
}

const noteTaken = async (runner: Runner, input: BatchInput): Promise<void> => {
  for (const { source, taken } of sourcesOf(runner, input))
    await withRetries(runner.clock, async () => source.recordTaken?.(taken, input.timeMs))
}

const noteToReplay = async (
  { store, app, plan, clock }: Runner,
  { attemptId, head: { logged } }: LoggedAttempt,
  { manifestRef }: Before,
): Promise<void> => {
  const { keptForReplayMs } = plan.options
  if (keptForReplayMs === 0 || logged === undefined) return
  const { timeMs, input } = logged
  const note = { timeMs, input, attempt: attemptId, before: manifestRef?.by }
  await noteForReplay(store, app, note, { keptForReplayMs, nowMs: clock.now() })
}

/** Versions of broadcast values that the batch before has used, and this one has not. */
const staleBroadcasts = (
  { broadcasts: before }: Manifest,
  { broadcasts: now }: BatchInput,
): readonly SegmentRef[] => {
  const used = new Set(broadcastSegments(now).map(segmentId))
  return broadcastSegments(before).filter((ref) => !used.has(segmentId(ref)))
}

/** Its input, and what was kept of its tasks. */
const inputSegments = ({ head: { logged } }: LoggedAttempt): readonly SegmentRef[] => {
  if (logged === undefined) return []
  const kept = logged.kept?.stages.map(keptRef) ?? []
  return typeof logged.input === 'string' ? kept : [logged.input, ...kept]
}
