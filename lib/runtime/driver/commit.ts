/**
 * Phase 4 of a batch: commit. One conditional write of the head makes the whole batch true.
 *
 * 1. Write the head: done = t, the manifest, the lane offsets; the lease is free.
 * 2. Publish the drafts: live state moves on with one's own commit, and with nothing else (B3).
 * 3. Note what has become garbage, and the batch for people to look at.
 * 4. Store which epoch's dead letters are true: before the next batch is logged.
 *
 * If the attempt fails before 1, the lease is given back instead: the batch stays logged and is
 * tried again after a pause, or the application stops as FAILED (B9).
 *
 * B5 The commit compares (epoch, owner, generation, next), and sets done and the manifest together.
 * B6 done only moves forward, by one batch.
 */
import type { FailureReason, Head, LaneOffsetsBySource } from '../../state/head.ts'
import type { SegmentRef } from '../../state/segments.ts'
import type { Runner } from '../runner.ts'
import type { BatchInput } from './batch-input.ts'
import { type LoggedAttempt, MINE, swapHead } from './head-writes.ts'
import { isExhausted, pauseAfterMs } from './schedule.ts'

/** Makes the batch true. Undefined: the lease was lost, and what was written is garbage. */
export const commitBatch = async (
  runner: Runner,
  { head, attemptId, input }: LoggedAttempt,
  manifest: SegmentRef,
): Promise<Head | undefined> => {
  const next: Head = {
    ...head,
    doneMs: input.timeMs,
    manifest,
    offsets: laneOffsetsAfter(head.offsets, input),
    owner: undefined,
    leaseEndMs: 0,
    logged: undefined,
    reason: undefined,
  }
  const isCommitted = await swapHead(
    runner,
    head,
    MINE,
    next,
    (current) => current.doneMs === input.timeMs && current.manifest?.by === attemptId,
  )
  return isCommitted ? next : undefined
}

/**
 * The lane offsets in the head after a batch: intake needs them to drop what is consumed. Those of
 * a source are exactly those of its input, so a lane that its reader leaves out leaves the head
 * too.
 */
export const laneOffsetsAfter = (
  before: LaneOffsetsBySource,
  { sources }: BatchInput,
): LaneOffsetsBySource => {
  const moved = Object.entries(sources).flatMap(([source, { offsets }]) =>
    offsets.lanes === undefined ? [] : [[source, offsets.lanes] as const],
  )
  return { ...before, ...Object.fromEntries(moved) }
}

/** Gives the lease back after a failed attempt. Undefined: somebody else has it. */
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

/** Stops an application whose batch has been tried for long enough by processes that are gone. */
export const stopAsFailed = async (
  { heads }: Pick<Runner, 'heads'>,
  head: Head,
  reason: FailureReason,
): Promise<boolean> => {
  const next: Head = { ...head, status: 'failed', owner: undefined, leaseEndMs: 0, reason }
  const answer = await heads.swap(head, ['epoch', 'owner', 'generation', 'status', 'logged'], next)
  return answer.swapped
}
