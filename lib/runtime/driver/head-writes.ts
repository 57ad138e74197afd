/**
 * The writes of the head that carry a batch: log, log again, commit, fail. Each is one conditional write, and each takes a refusal that
 * shows its own attempt id for its own success whose answer was lost.
 *
 * B2  The log compares (epoch, done, generation, status, owner, lease end, next) with what this runner read, so that nothing has happened
 *     since it decided. The epoch alone is not enough: a batch committed in between leaves the epoch as it was, and would be logged again.
 *     The attempt id is random: two runners that both read epoch 7 would both call themselves 8.
 * B5  The commit compares (epoch, owner, generation, next), and sets done and the manifest together.
 * B6  done only moves forward, by one batch.
 */
import { invariant } from '../../base/errors.ts'
import type { FailureReason, Head, HeadCondition, LaneCuts } from '../../state/head.ts'
import type { SegmentRef } from '../../state/segments.ts'
import { type BatchInput, storeBatchInput } from './batch-input.ts'
import type { Runner } from '../runner.ts'
import { isExhausted, pauseAfterMs } from './schedule.ts'
import { settle } from '../retry.ts'
import type { LanesInput } from '../sources/lanes/reader.ts'

/** A batch whose lease and log are acknowledged: from here on its outputs may start. */
export interface LoggedAttempt {
  /** The head as this attempt wrote it. */
  readonly head: Head
  readonly attemptId: string
  /** How often the batch has been started, this time included. */
  readonly number: number
  /** Nobody has tried the batch before, in whatever generation. */
  readonly isFirst: boolean
  readonly plan: BatchInput
  /** The outputs that have run, in this attempt or an earlier one: whoever runs one adds it. */
  readonly outputsDone: Set<string>
}

/** Also the plan: who holds the lease may log a smaller one, which nobody may take back who saw the head before. */
const UNCHANGED: HeadCondition = [
  'epoch',
  'doneMs',
  'generation',
  'status',
  'owner',
  'leaseEndMs',
  'logged',
]
const MINE: HeadCondition = ['epoch', 'owner', 'generation', 'next']

/**
 * B2: takes the lease and logs the batch in one write. Undefined when somebody else was faster: then nothing has happened.
 */
export const logBatch = async (
  runner: Runner,
  head: Head,
  plan: BatchInput,
  nowMs: number,
): Promise<LoggedAttempt | undefined> => {
  const { logged } = head
  invariant(
    'B2',
    logged === undefined || logged.timeMs === plan.timeMs,
    `a batch at ${plan.timeMs} would replace the logged one at ${logged?.timeMs}`,
  )
  invariant(
    'B6',
    plan.timeMs > head.doneMs,
    `a batch at ${plan.timeMs} is not after the last one at ${head.doneMs}`,
  )
  invariant(
    'B10',
    head.generation === runner.generation,
    `generation ${runner.generation} would run a batch of ${head.generation}`,
  )
  const attemptId = runner.randomness.attemptId()
  const stored =
    logged?.plan ??
    (await settle(runner.clock, () => storeBatchInput(runner.store, runner.app, attemptId, plan)))
  const next: Head = {
    ...head,
    epoch: head.epoch + 1,
    owner: attemptId,
    leaseEndMs: Math.min(nowMs + runner.leaseMs, runner.leaseEndMs?.() ?? Infinity),
    logged: {
      timeMs: plan.timeMs,
      plan: stored,
      attempts: (logged?.attempts ?? 0) + 1,
      firstMs: logged?.firstMs ?? nowMs,
      retryMs: 0,
      outputsDone: logged?.outputsDone ?? [],
    },
  }
  const written = await swap(
    runner,
    head,
    UNCHANGED,
    next,
    (current) => current.owner === attemptId,
  )
  return (
    written && {
      head: next,
      attemptId,
      number: next.logged?.attempts ?? 1,
      isFirst: logged === undefined,
      plan,
      outputsDone: new Set(logged?.outputsDone),
    }
  )
}

/** Logs a smaller plan for the same batch, when part of it turned out to be gone: before outputs, so that every later attempt decides the same. */
export const logAgain = async (
  runner: Runner,
  attempt: LoggedAttempt,
  plan: BatchInput,
): Promise<LoggedAttempt | undefined> => {
  const { head, attemptId } = attempt
  // Under a name of its own: the head names the first plan until the swap, and for ever if there is none.
  const name = runner.randomness.attemptId()
  const stored = await settle(runner.clock, () =>
    storeBatchInput(runner.store, runner.app, name, plan),
  )
  // What outputs have written holds more than this plan: they run again.
  const next: Head = {
    ...head,
    logged: head.logged && { ...head.logged, plan: stored, outputsDone: [] },
  }
  const written = await swap(runner, head, MINE, next, (current) => current.owner === attemptId)
  return written && { ...attempt, head: next, plan, outputsDone: new Set() }
}

/** B5: makes the batch true. Undefined when the lease was lost: then it is not, and what was written is garbage. */
export const commitBatch = async (
  runner: Runner,
  { head, attemptId, plan }: LoggedAttempt,
  manifest: SegmentRef,
): Promise<Head | undefined> => {
  const next: Head = {
    ...head,
    doneMs: plan.timeMs,
    manifest,
    cuts: laneCuts(head.cuts, plan),
    owner: undefined,
    leaseEndMs: 0,
    logged: undefined,
    reason: undefined,
  }
  const written = await swap(
    runner,
    head,
    MINE,
    next,
    (current) => current.doneMs === plan.timeMs && current.manifest?.by === attemptId,
  )
  return written && next
}

/** B9: gives the lease back after a failed attempt. The batch stays logged and is tried again after a pause, or the application stops as FAILED. */
export const failBatch = async (
  runner: Runner,
  { head, outputsDone }: LoggedAttempt,
  reason: FailureReason,
  nowMs: number,
): Promise<Head | undefined> => {
  const logged = head.logged && {
    ...head.logged,
    retryMs: nowMs + pauseAfterMs(head.logged.attempts),
    outputsDone: [...outputsDone],
  }
  const status =
    logged && isExhausted(logged, nowMs, runner.plan.options.retry) ? 'failed' : head.status
  const next: Head = { ...head, status, owner: undefined, leaseEndMs: 0, logged, reason }
  const written = await swap(
    runner,
    head,
    MINE,
    next,
    (current) =>
      current.epoch === head.epoch &&
      current.owner === undefined &&
      current.reason?.message === reason.message,
  )
  return written && next
}

/** A cut also holds what another kind of source has left there, in an earlier deployment with another binding. */
const positionsIn = (cut: LanesInput['cut']): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(cut).filter(([, position]) => typeof position === 'string'))

/** The cuts of the sources with lanes, which intake needs to drop what is consumed. */
export const laneCuts = (before: LaneCuts, plan: BatchInput): LaneCuts => {
  const cuts = Object.entries(plan.slices).flatMap(([source, slice]) => {
    const cut = slice.kind === 'lanes' ? positionsIn((slice as LanesInput).cut) : slice.laneCut
    return cut === undefined ? [] : [[source, { ...before[source], ...cut }] as const]
  })
  return { ...before, ...Object.fromEntries(cuts) }
}

/** True: written, by this call or by an earlier try whose answer was lost. */
const swap = async (
  runner: Runner,
  seen: Head,
  condition: HeadCondition,
  next: Head,
  isMine: (current: Head) => boolean,
): Promise<true | undefined> => {
  const answer = await settle(runner.clock, () => runner.heads.swap(seen, condition, next))
  return answer.swapped || (answer.head !== undefined && isMine(answer.head)) ? true : undefined
}
