/**
 * The end of an attempt that does not fit into its invocation: the next one goes on from there.
 *
 * 1. Write what the finished tasks have given. Nothing names it yet.
 * 2. Write the head: the batch stays logged, with the names of what is kept and the outputs that
 *    are done; the lease is free. It compares what a commit compares, so an attempt whose lease was
 *    taken adds nothing (B5).
 * 3. The caller triggers the driver again. If it dies before, the trigger of the next minute does.
 *
 * What is kept counts for the same deployment, and for what it has found in the input (B2, B3). For
 * any other one it is garbage. The head names it until the batch is committed, skipped or reset,
 * and the sweep after that deletes it, as it does with inputs of batches (B11).
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { invariant } from '../../base/errors.ts'
import { sortableTime } from '../../state/item-keys.ts'
import { keptBy, keptCount, type KeptTasks, LOGGED_BATCH_NODE } from '../../state/kept-tasks.ts'
import { nameSegment, putSegment, readSegment } from '../../state/segments.ts'
import type { Head } from '../../state/head.ts'
import { withRetries } from '../retry.ts'
import type { Runner } from '../runner.ts'
import type { ReadingTap } from '../tasks/reading-tap.ts'
import { TaskKeeper } from '../tasks/task-keeper.ts'
import { MINE, swapHead } from './head-writes.ts'
import type { ReadBatch } from './run.ts'

/** The head has room for the names of so many bytes, or for this share of an item. */
const NAMES_BYTES_MAX = 8_192
const NAMES_SHARE_MAX = 1 / 8

/**
 * Keeps the tasks of an attempt. Undefined: this process may run for ever, and nothing was kept.
 */
export const keeperOf = (
  runner: Runner,
  { attempt, putAside, count, adds, found }: ReadBatch,
  tap: ReadingTap,
): TaskKeeper | undefined => {
  const { store, app, clock, invocation } = runner
  const { logged } = attempt.head
  const kept = logged?.kept
  if (invocation === undefined && kept === undefined) return undefined
  // Only what the head can name helps the next attempt.
  const outputsNow = (): number => attempt.outputsDone.stored().outputsDone.length
  const outputsBefore = Math.max(outputsNow(), logged?.outputsDone?.length ?? 0)
  let made = 0
  return new TaskKeeper({
    clock,
    invocation,
    kept: kept !== undefined && isOfMine(runner, kept) && kept.found === found ? kept.stages : [],
    // Whoever finds something else each time makes no progress.
    mostTasks: kept !== undefined && isOfMine(runner, kept) ? keptCount(kept.stages) : 0,
    namesBytesMax: Math.min(NAMES_BYTES_MAX, store.itemBytesMax * NAMES_SHARE_MAX),
    hasNewOutputs: () => outputsNow() > outputsBefore,
    tap,
    putAside,
    count,
    adds,
    read: (ref) => withRetries(clock, () => readSegment(store, app, ref)),
    name: (bytes) => {
      made += 1
      const at = sortableTime(attempt.input.timeMs)
      const by = keptBy(attempt.attemptId, made)
      return nameSegment(store, app, { node: LOGGED_BATCH_NODE, part: 0, at, by }, bytes)
    },
  })
}

/** Code of another deployment may give something else for the same input. */
const isOfMine = (
  { generation, plan }: Pick<Runner, 'generation' | 'plan'>,
  kept: KeptTasks,
): boolean => kept.generation === generation && kept.plan === plan.hash

/** Hands a batch on. Undefined: the lease was lost. */
export const handOn = async (
  runner: Runner,
  { attempt, found }: Pick<ReadBatch, 'attempt' | 'found'>,
  keeper: TaskKeeper,
): Promise<Head | undefined> => {
  const { store, clock, generation, plan } = runner
  const { head, outputsDone, number } = attempt
  const { logged } = head
  invariant('B2', logged !== undefined, 'nothing is logged, and its tasks are handed on')
  const { stages: made } = keeper
  const stages = made.map(([kept]) => kept)
  const segments = made.flatMap(([, segment]) => segment ?? [])
  await allOrFirstError(
    segments.map((segment) => withRetries(clock, () => putSegment(store, segment))),
  )
  const handedOn = (logged.handedOn ?? 0) + 1
  const next: Head = {
    ...head,
    owner: undefined,
    leaseEndMs: 0,
    logged: {
      ...logged,
      firstMs: clock.now(),
      retryMs: 0,
      ...outputsDone.stored(),
      handedOn,
      kept: { generation, plan: plan.hash, found, stages },
    },
    reason: undefined,
  }
  const isHandedOn = await swapHead(
    runner,
    head,
    MINE,
    next,
    (current) =>
      current.epoch === head.epoch &&
      current.owner === undefined &&
      current.logged?.handedOn === handedOn,
  )
  if (!isHandedOn) return undefined
  runner.listen({
    event: 'handedOn',
    timeMs: logged.timeMs,
    attempt: number,
    tasksKept: keptCount(stages),
    tasksLeft: keeper.tasksLeft,
  })
  return next
}
