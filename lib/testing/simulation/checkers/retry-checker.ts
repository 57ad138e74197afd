import type { RetryPolicy } from '../../../dstream/plan.ts'
import type { Head } from '../../../state/head.ts'
import type { Violations } from './violations.ts'

/** How far two clocks may differ, and how long a write may be on its way. */
const SLACK_MS = 2_500
/** No pause between two attempts is as long. */
const PAUSE_MS_MAX = 130_000

/**
 * B9: attempts are counted and kept apart by pauses, and FAILED comes when they are used up, no
 * sooner.
 */
export class RetryChecker {
  readonly #violations: Violations
  readonly #retry: RetryPolicy
  /** Whether the clock was set back since the last pause began. */
  #isSetBack = false

  constructor(violations: Violations, retry: RetryPolicy) {
    this.#violations = violations
    this.#retry = retry
  }

  /** A process may have seen before this that the pause is over, and begin only now. */
  clockSetBack(): void {
    this.#isSetBack = true
  }

  check(before: Head, after: Head, nowMs: number): void {
    // A command of an operator has no owner: it begins no attempt.
    if (after.epoch !== before.epoch && after.owner !== undefined)
      this.#checkAttempt(before, after, nowMs)
    if (after.status === 'failed' && before.status !== 'failed') this.#checkFailure(before, nowMs)
    if (after.logged?.retryMs !== before.logged?.retryMs) this.#isSetBack = false
  }

  #checkAttempt({ logged: was }: Head, { logged: is }: Head, nowMs: number): void {
    if (is === undefined) return
    const counted = is.attempts === (was?.attempts ?? 0) + 1
    this.#violations.expect(
      'B9',
      counted,
      () => `attempt ${is.attempts} at ${is.timeMs} follows ${was?.attempts}`,
    )
    const waitMs = (was?.retryMs ?? 0) - nowMs
    // A pause that is longer than any pause is one from before the clock was set back.
    const waited = this.#isSetBack || waitMs <= SLACK_MS || waitMs > PAUSE_MS_MAX
    this.#violations.expect(
      'B9',
      waited,
      () => `${is.timeMs} is tried again ${waitMs} ms before its pause is over`,
    )
  }

  #checkFailure({ logged }: Head, nowMs: number): void {
    const { attempts, forMs } = this.#retry
    const failed = (logged?.attempts ?? 0) - (logged?.handedOn ?? 0)
    // A process may have failed before this, by the clock as it was.
    const isLong =
      this.#isSetBack || (logged !== undefined && nowMs - logged.firstMs >= forMs - SLACK_MS)
    const used = logged !== undefined && failed >= attempts && isLong
    this.#violations.expect(
      'B9',
      used,
      () =>
        `the application is FAILED after ${failed} attempts in ` +
        `${nowMs - (logged?.firstMs ?? 0)} ms`,
    )
  }
}
