/**
 * One attempt at a batch: the phases in order, and what follows from their results.
 *
 * 1. Log the batch, and at the same time read its records.
 * 2. Reconcile what is lost: log a smaller input, or fail.
 * 3. Run the batch.
 * 4. Commit. Garbage is deleted beside both: nothing can name it any more (B11).
 * 5. Publish the drafts and the outputs, let large merges write a slice, note garbage, report,
 *    store the committed epoch, and go to rest if possible.
 *
 * An attempt that does not fit into its invocation hands on what it has done: see hand-on.ts. After
 * a failure between log and commit, the attempt returns the lease (B9). A lost lease is not a
 * failure: another runner continues, and live state is thrown away (B3).
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { cutText } from '../../base/error-text.ts'
import { asMillraceError } from '../../base/errors.ts'
import { AddsTable } from '../../rdd/adds/adds-table.ts'
import { storeCommittedEpoch } from '../../state/dead-letters.ts'
import type { Head } from '../../state/head.ts'
import { blameOf } from '../blame.ts'
import { AttemptEvents } from '../listening/attempt-events.ts'
import { attemptSpans, type AttemptSpans, inPhase } from '../listening/attempt-spans.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import { ReadingTap } from '../tasks/reading-tap.ts'
import { type BatchInput, totalOf } from './batch-input.ts'
import { commitBatch, failBatch } from './commit.ts'
import type { Garbage } from './garbage.ts'
import type { LeftLanes } from './left-lanes.ts'
import type { LoggedAttempt } from './head-writes.ts'
import { publishOutputs } from './last-manifest.ts'
import { handOn, keeperOf } from './hand-on.ts'
import { logBatch } from './log.ts'
import { loadOf, waitingIn } from './measure.ts'
import { mergeBeside } from './merge-beside.ts'
import { type Outcome, PROGRESSED } from './outcome.ts'
import { reportBatch, reportFailure, type Tracing } from './report.ts'
import { goToRest } from './rest.ts'
import { readRecords } from './read-records.ts'
import { withBroadcasts } from './with-broadcasts.ts'
import { prepareBatch, type Prepared, type ReadBatch, reconcileLosses } from './run.ts'
import { BatchTrace } from '../tasks/batch-trace.ts'
import type { Before } from './write-states.ts'
import type { SnapshotReader } from './snapshot-reader.ts'

/** What all attempts of a driver share. */
export interface AttemptWorld {
  readonly runner: Runner
  readonly snapshots: SnapshotReader
  readonly garbage: Garbage
  readonly leftLanes: LeftLanes
  /** Whether this driver has just put the head to rest. */
  hasRested: boolean
  /** Whether batches do not wait for the clock. */
  aheadOfClock: boolean
  /** The span of the last attempt, which another one at the same batch follows. Left out: none. */
  attemptBefore?: { readonly timeMs: number; readonly traceparent: string | undefined }
}

/** The end of an attempt. */
export interface AttemptEnd {
  readonly outcome: Outcome
  /** What is true now. Undefined: this driver does not know, and must read it again. */
  readonly after: Before | undefined
}

interface AttemptSoFar {
  readonly attempt: LoggedAttempt
  readonly read: ReadBatch | undefined
  readonly tracing: Tracing
}

/** Tries a batch once. */
export const attemptBatch = async (
  world: AttemptWorld,
  head: Head,
  before: Before,
  input: BatchInput,
  nowMs: number,
): Promise<AttemptEnd> => {
  const { runner, attemptBefore } = world
  const { timeMs } = input
  runner.plan.accumulators?.committed(before.manifest.accumulators)
  const spans = await attemptSpans(runner, {
    timeMs,
    number: (head.logged?.attempts ?? 0) + 1,
    startedMs: nowMs,
    follows: attemptBefore?.timeMs === timeMs ? attemptBefore.traceparent : undefined,
  })
  if (spans === undefined) return runAttempt(world, head, before, { input, nowMs })
  world.attemptBefore = { timeMs, traceparent: spans.traceparent }
  return spans.run(() => runAttempt(world, head, before, { input, nowMs, spans }))
}

interface Begun {
  readonly input: BatchInput
  readonly nowMs: number
  readonly spans?: AttemptSpans
}

const runAttempt = async (
  world: AttemptWorld,
  head: Head,
  before: Before,
  { input, nowMs, spans }: Begun,
): Promise<AttemptEnd> => {
  const { runner } = world
  const tap = new ReadingTap()
  const isAgain = head.logged !== undefined
  // Records are read while the batch is being logged. If the log is refused, they are thrown away.
  const [logged, [records]] = await allOrFirstError([
    inPhase(spans, 'log', () => logBatch(runner, head, input, nowMs)),
    Promise.allSettled([inPhase(spans, 'read', () => readRecords(runner, input, isAgain, tap))]),
  ])
  if (logged === undefined) {
    spans?.ended('refused')
    return { outcome: PROGRESSED, after: before }
  }
  let attempt = logged
  reportStart(runner, attempt, nowMs)
  const tracing = tracingOf(runner, attempt, nowMs, spans)
  tracing.events.begun()
  let read: ReadBatch | undefined
  try {
    if (records.status === 'rejected') throw records.reason
    const found = await reconcileLosses(runner, attempt, records.value)
    // B2: the logged input may be smaller now, and a failure must not bring back the larger one.
    attempt = found?.attempt ?? attempt
    const used = found && (await withBroadcasts(runner, attempt))
    attempt = used ?? attempt
    read =
      used && found && withKeeper(runner, { ...found, attempt, adds: beginAdds(runner, tap) }, tap)
    const [done] = await allOrFirstError([
      read === undefined
        ? Promise.resolve(undefined)
        : prepareAndCommit(world, read, before, tracing),
      world.garbage.collect(
        runner,
        attempt.head,
        before.manifest,
        attempt.isFirst && attempt.head === logged.head,
      ),
    ])
    if (done === undefined) return { outcome: PROGRESSED, after: undefined }
    return await afterCommit(world, done.committed, before, done.prepared, tracing)
  } catch (error) {
    return {
      outcome: await endWithout(runner, { attempt, read, tracing }, error),
      after: undefined,
    }
  }
}

const withKeeper = (runner: Runner, read: ReadBatch, tap: ReadingTap): ReadBatch => ({
  ...read,
  keeper: keeperOf(runner, read, tap),
})

/** What functions of this attempt add. Those of the attempt before are forgotten. */
const beginAdds = ({ plan: { accumulators } }: Runner, tap: ReadingTap): AddsTable | undefined => {
  if (accumulators === undefined) return undefined
  const adds = new AddsTable(tap.added)
  accumulators.begin(adds)
  return adds
}

/** The end of an attempt without a commit: it hands on, or it has failed. */
const endWithout = async (
  runner: Runner,
  { attempt, read, tracing }: AttemptSoFar,
  error: unknown,
): Promise<Outcome> => {
  const keeper = read?.keeper
  if (read === undefined || keeper?.isOver !== true) return fail(runner, attempt, error, tracing)
  try {
    await handOn(runner, read, keeper)
    tracing.spans?.ended('handed_on')
    return PROGRESSED
  } catch (cause) {
    return fail(runner, attempt, cause, tracing)
  }
}

/** Undefined: the lease was lost. */
const prepareAndCommit = async (
  { runner, leftLanes, aheadOfClock }: AttemptWorld,
  read: ReadBatch,
  before: Before,
  { startedMs, trace, spans }: Tracing,
): Promise<{ readonly committed: Head; readonly prepared: Prepared } | undefined> => {
  const [prepared] = await allOrFirstError([
    inPhase(spans, 'compute', () => prepareBatch(runner, read, before, trace)),
    leftLanes.collect(runner, read.attempt.head, before.manifest),
  ])
  const load = loadOf(runner, prepared.attempt, { startedMs, aheadOfClock })
  const committed = await inPhase(spans, 'commit', () =>
    commitBatch(runner, prepared.attempt, { ...prepared, load }),
  )
  return committed && { committed, prepared }
}

const tracingOf = (
  { clock, listeners }: Runner,
  { input, number }: LoggedAttempt,
  startedMs: number,
  spans: AttemptSpans | undefined,
): Tracing => {
  const events = new AttemptEvents(listeners, { input, number, startedMs })
  return { startedMs, events, spans, trace: new BatchTrace(clock, startedMs, events, spans) }
}

const reportStart = (runner: Runner, { input, number }: LoggedAttempt, nowMs: number): void =>
  runner.listen({
    event: 'batchStarted',
    timeMs: input.timeMs,
    attempt: number,
    records: totalOf(input, 'records'),
    bytes: totalOf(input, 'bytes'),
    objects: totalOf(input, 'objects'),
    delayMs: Math.max(0, nowMs - input.timeMs),
    behind: waitingIn(runner),
  })

const afterCommit = async (
  world: AttemptWorld,
  head: Head,
  before: Before,
  prepared: Prepared,
  tracing: Tracing,
): Promise<AttemptEnd> => {
  const { runner, garbage, snapshots } = world
  const { store, app, clock, heads, plan } = runner
  const { manifest, manifestRef, drafts, mayRest } = prepared
  tracing.spans?.ended('completed', { 'millrace.batch.records': prepared.records })
  drafts.publish()
  plan.accumulators?.committed(manifest.accumulators)
  garbage.retire(before.manifest, manifest, prepared.retired)
  const [published, merged] = await Promise.allSettled([
    inPhase(tracing.spans, 'publish', () => publishOutputs(runner, manifest)),
    mergeBeside(runner, before.state),
  ])
  await reportBatch(runner, prepared, { head, before, ...tracing })
  await withRetries(clock, () => storeCommittedEpoch(store, app, manifest))
  // The batch is committed. The next step publishes again, before it logs another batch.
  for (const ended of [published, merged]) if (ended.status === 'rejected') throw ended.reason
  const rested = mayRest
    ? await goToRest(heads, head, manifest, plan.options.intervalMs)
    : undefined
  if (rested !== undefined) runner.listen({ event: 'rest', timeMs: head.doneMs })
  world.hasRested = rested !== undefined
  // If another process wrote before the rest, only a read shows the head as it is.
  snapshots.wrote(mayRest ? rested : head)
  return { outcome: PROGRESSED, after: { manifest, manifestRef, state: before.state } }
}

/** A few kilobytes, also if each character has four bytes. */
const REASON_CHARACTERS_MAX = 4_000

const fail = async (
  runner: Runner,
  attempt: LoggedAttempt,
  cause: unknown,
  tracing: Tracing,
): Promise<Outcome> => {
  const nowMs = tracing.startedMs
  const { timeMs } = attempt.input
  const problem = `The batch at ${timeMs} ms failed`
  const error = asMillraceError(cause, 'BATCH_FAILED', { problem })
  tracing.spans?.failed(error, error.code)
  // It goes into the head, which must stay small, also if it comes from a copy of the library that
  // cuts nothing.
  const message = cutText(error.message, REASON_CHARACTERS_MAX)
  const reason = { code: error.code, message, ...blameOf(runner.plan, error) }
  const head = await failBatch(runner, attempt, reason, nowMs)
  // Refused: another runner has the lease, which may also be the cause of this failure.
  if (head === undefined) return PROGRESSED
  await reportFailure(runner, attempt, reason, { ...tracing, isFinal: head.status === 'failed' })
  if (head.status === 'failed') {
    runner.listen({ event: 'failed', timeMs, ...reason })
    return { kind: 'failed', reason }
  }
  const retryMs = head.logged?.retryMs ?? nowMs
  runner.listen({ event: 'batchFailed', timeMs, attempt: attempt.number, ...reason, retryMs })
  return { kind: 'retry', atMs: retryMs, reason }
}
