/**
 * Phase 4 of a batch: commit. One conditional write of the head makes the whole batch true.
 *
 * 1. Write the head: done = t, the manifest, what is left to do, the lane offsets, the load; the
 *    lease is free.
 * 2. Publish the drafts. Only a commit of this process moves its live state (B3).
 * 3. Note which segments are garbage now.
 * 4. Publish the outputs, which shows them to readers, before the next batch is logged (B4).
 * 5. Report the batch to listeners and in the history.
 * 6. Store the committed epoch, which makes dead letters true, before the next batch is logged.
 * 7. Go to rest, if further empty batches would change nothing.
 *
 * This file does step 1; attempt.ts does steps 2 to 7. If the attempt fails before step 1, it
 * returns the lease instead. The batch stays logged and is tried again after a pause, or the
 * application stops as FAILED (B9).
 *
 * B5: the commit compares (epoch, owner, generation, next), and sets done and the manifest
 * together. B6: done only moves forward, to the time of this batch.
 */
import type { FailureReason, Head } from '../../state/head.ts'
import { laneOffsetsForHead } from '../../state/lane-offsets.ts'
import type { Load } from '../../state/load.ts'
import type { Runner } from '../runner.ts'
import { type LoggedAttempt, MINE, swapHead } from './head-writes.ts'
import type { Prepared } from './run.ts'
import { failedAttempts, isExhausted, pauseAfterMs } from './schedule.ts'

/**
 * Makes the batch true. Undefined: the lease was lost, and everything the attempt wrote is garbage.
 */
export const commitBatch = async (
  runner: Runner,
  { head, input }: LoggedAttempt,
  {
    manifest,
    manifestRef,
    afterCommit,
    load,
  }: Pick<Prepared, 'manifest' | 'manifestRef' | 'afterCommit'> & {
    readonly load?: Load | undefined
  },
): Promise<Head | undefined> => {
  const next: Head = {
    ...head,
    doneMs: input.timeMs,
    manifest: manifestRef,
    afterCommit,
    offsets: laneOffsetsForHead(runner.store, manifest),
    owner: undefined,
    leaseEndMs: 0,
    logged: undefined,
    reason: undefined,
    load,
  }
  const isCommitted = await swapHead(
    runner,
    head,
    MINE,
    next,
    (current) => current.doneMs === input.timeMs && current.manifest?.by === manifestRef.by,
  )
  return isCommitted ? next : undefined
}

/** Returns the lease after a failed attempt. Undefined: another runner has the lease. */
export const failBatch = async (
  runner: Runner,
  { head, outputsDone }: LoggedAttempt,
  reason: FailureReason,
  nowMs: number,
): Promise<Head | undefined> => {
  const logged = head.logged && {
    ...head.logged,
    retryMs: nowMs + pauseAfterMs(failedAttempts(head.logged)),
    ...outputsDone.stored(),
  }
  const status =
    logged && isExhausted(logged, nowMs, runner.plan.options.retry) ? 'failed' : head.status
  const next: Head = { ...head, status, owner: undefined, leaseEndMs: 0, logged, reason }
  const isFailed = await swapHead(
    runner,
    head,
    MINE,
    next,
    (current) =>
      current.epoch === head.epoch &&
      current.owner === undefined &&
      current.reason?.message === reason.message,
  )
  return isFailed ? next : undefined
}

/**
 * Stops an application whose batch has failed often enough, when the last process ended without
 * writing so.
 */
export const stopAsFailed = async (
  { heads }: Pick<Runner, 'heads'>,
  head: Head,
  reason: FailureReason,
): Promise<boolean> => {
  const next: Head = { ...head, status: 'failed', owner: undefined, leaseEndMs: 0, reason }
  const answer = await heads.swap(head, ['epoch', 'owner', 'generation', 'status', 'logged'], next)
  return answer.swapped
}
