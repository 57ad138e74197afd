/** When things happen: pure functions of the head, the plan and a moment. */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { RetryPolicy } from '../../dstream/plan.ts'
import type { Head, LoggedBatch } from '../../state/head.ts'

/**
 * The batch time that follows: the first on the grid after the last one, and not before the head
 * was woken.
 */
export const nextBatchTime = (head: Head, intervalMs: number): number =>
  gridTimeAtOrAfter(Math.max(head.doneMs + 1, head.wakeMs), head.zeroMs, intervalMs)

/**
 * Whether somebody holds the lease. A lease only keeps two runners from doing the same work; that
 * no work is done twice is the business of the conditions on the head. So a lease that would end
 * absurdly late, because a clock has jumped, is taken to be over.
 */
export const isLeaseHeld = (head: Head, nowMs: number, leaseMs: number): boolean =>
  head.owner !== undefined && head.leaseEndMs > nowMs && head.leaseEndMs <= nowMs + 2 * leaseMs

/** A failing batch has been tried often enough, and for long enough (B9). */
export const isExhausted = (logged: LoggedBatch, nowMs: number, retry: RetryPolicy): boolean =>
  logged.attempts >= retry.attempts && nowMs - logged.firstMs >= retry.forMs

const FIRST_PAUSE_MS = 1_000
const PAUSE_MS_MAX = 120_000

/** How long to wait after so many attempts: twice as long each time, two minutes at most. */
export const pauseAfterMs = (attempts: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 20), PAUSE_MS_MAX)
