/**
 * Phase 2 of a batch: log. One conditional write of the head takes the lease and logs the batch.
 *
 * 1. Check that the batch is the logged one, or comes after the last one (B2, B6, B10).
 * 2. Store the input as a segment, if it is new and too large for the head. Nothing names it yet.
 * 3. Write the head: epoch + 1, the attempt id, the end of the lease, the batch time and its input.
 *    From now on, every attempt at this batch uses this time and this input.
 * 4. Outputs may start only after this write is acknowledged.
 *
 * If reading shows that part of the input is gone, `logAgain` logs a smaller input for the same
 * batch before outputs start. So every later attempt decides the same.
 *
 * B2: the condition compares (epoch, done, generation, status, owner, lease end, logged) with what
 * this runner read. So nothing has happened since it decided. The epoch alone is not enough: a
 * batch that was committed in between leaves the epoch as it was, and would be logged again. The
 * attempt id is random, because two runners that both read epoch 7 would both take epoch 8.
 */
import { invariant } from '../../base/errors.ts'
import type { Head, HeadCondition, LoggedBatch } from '../../state/head.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import { OutputsDone } from '../tasks/outputs-done.ts'
import { type BatchInput, storeBatchInput } from './batch-input.ts'
import { type LoggedAttempt, MINE, swapHead } from './head-writes.ts'

/**
 * Includes `logged`, and so the input: the holder of the lease may log a smaller input, and no
 * runner may undo that.
 */
const UNCHANGED: HeadCondition = [
  'epoch',
  'doneMs',
  'generation',
  'status',
  'owner',
  'leaseEndMs',
  'logged',
]

/**
 * Takes the lease and logs the batch. Undefined: another runner was faster, and nothing happened.
 */
export const logBatch = async (
  runner: Runner,
  head: Head,
  input: BatchInput,
  nowMs: number,
): Promise<LoggedAttempt | undefined> => {
  checkOrder(runner, head, input)
  const { logged } = head
  const { store, app, clock } = runner
  const attemptId = runner.randomness.attemptId()
  const stored =
    logged?.input ?? (await withRetries(clock, () => storeBatchInput(store, app, attemptId, input)))
  const attempts = (logged?.attempts ?? 0) + 1
  const next: Head = {
    ...head,
    epoch: head.epoch + 1,
    owner: attemptId,
    leaseEndMs: Math.min(nowMs + runner.leaseMs, runner.leaseEndMs?.() ?? Infinity),
    logged: {
      timeMs: input.timeMs,
      input: stored,
      attempts,
      // A first attempt in the future is one from before the clock was set back.
      firstMs: Math.min(logged?.firstMs ?? nowMs, nowMs),
      retryMs: 0,
      ...OutputsDone.of(logged).stored(),
      ...handedOnBefore(logged),
    },
  }
  const isLogged = await swapHead(
    runner,
    head,
    UNCHANGED,
    next,
    (current) => current.owner === attemptId,
  )
  if (!isLogged) return undefined
  return {
    head: next,
    attemptId,
    number: attempts,
    isFirst: logged === undefined,
    input,
    outputsDone: OutputsDone.of(logged),
  }
}

const handedOnBefore = (logged: LoggedBatch | undefined): Partial<LoggedBatch> => ({
  ...(logged?.handedOn === undefined ? {} : { handedOn: logged.handedOn }),
  ...(logged?.kept === undefined ? {} : { kept: logged.kept }),
})

const checkOrder = (runner: Runner, head: Head, { timeMs }: BatchInput): void => {
  const { logged, doneMs, generation } = head
  const isSame = logged === undefined || logged.timeMs === timeMs
  invariant('B2', isSame, `a batch at ${timeMs} would replace the logged one at ${logged?.timeMs}`)
  const isAfter = timeMs > doneMs
  invariant('B6', isAfter, `a batch at ${timeMs} is not after the last one at ${doneMs}`)
  const isMine = generation === runner.generation
  invariant('B10', isMine, `generation ${runner.generation} would run a batch of ${generation}`)
}

/** Logs a smaller input for the same batch. Undefined: the lease was lost. */
export const logAgain = async (
  runner: Runner,
  attempt: LoggedAttempt,
  input: BatchInput,
): Promise<LoggedAttempt | undefined> => {
  const { head, attemptId } = attempt
  const { store, app, clock, randomness } = runner
  // Under a name of its own: the head names the first input until the swap, and keeps naming it if
  // the swap fails.
  const name = randomness.attemptId()
  const stored = await withRetries(clock, () => storeBatchInput(store, app, name, input))
  // Outputs that are done have written more than this input: they run again. So do all tasks.
  const { kept: _, ...before } = head.logged ?? {}
  const logged = head.logged && {
    ...(before as LoggedBatch),
    input: stored,
    outputsDone: [],
    finished: [],
  }
  const next: Head = { ...head, logged }
  const isLogged = await swapHead(
    runner,
    head,
    MINE,
    next,
    (current) => current.owner === attemptId,
  )
  return isLogged ? { ...attempt, head: next, input, outputsDone: new OutputsDone() } : undefined
}
