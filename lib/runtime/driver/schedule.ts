/** When things happen: pure functions of the head, the plan and a time. */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { RetryPolicy } from '../../dstream/plan.ts'
import type { Head, LoggedBatch } from '../../state/head.ts'

/** The next batch time: the first on the grid after the last one, and not before `wakeMs`. */
export const nextBatchTime = (head: Head, intervalMs: number): number =>
  gridTimeAtOrAfter(Math.max(head.doneMs + 1, head.wakeMs), head.zeroMs, intervalMs)

/**
 * Whether an attempt holds the lease. A lease only saves work: it keeps two runners from trying the
 * same batch. Correctness comes from the conditions on the head. So a lease that would end absurdly
 * late, because a clock has jumped, counts as over.
 */
export const isLeaseHeld = (head: Head, nowMs: number, leaseMs: number): boolean =>
  head.owner !== undefined && head.leaseEndMs > nowMs && head.leaseEndMs <= nowMs + 2 * leaseMs

/** Attempts that have handed on what they had done are no failures. */
export const failedAttempts = ({ attempts, handedOn = 0 }: LoggedBatch): number =>
  attempts - handedOn

/** Whether a failing batch has had enough attempts, over a long enough time (B9). */
export const isExhausted = (logged: LoggedBatch, nowMs: number, retry: RetryPolicy): boolean =>
  failedAttempts(logged) >= retry.attempts && nowMs - logged.firstMs >= retry.forMs

const FIRST_PAUSE_MS = 1_000
const PAUSE_MS_MAX = 120_000

/** The pause after this number of attempts. It doubles each time, up to two minutes. */
export const pauseAfterMs = (attempts: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 20), PAUSE_MS_MAX)

/**
 * Whether a failed batch still waits for its next attempt. The clocks of two processes may differ a
 * little. But a pause that would end much later than any pause from now is one from before the
 * clock was set back: it is over.
 */
export const isPaused = ({ retryMs }: LoggedBatch, nowMs: number): boolean =>
  retryMs > nowMs && retryMs <= nowMs + 2 * PAUSE_MS_MAX
