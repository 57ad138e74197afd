/**
 * When batches run while their times are ahead of the clock. That happens after the clock was ahead
 * and has been set back, and after a run with `--once`, which does not wait for the clock.
 *
 * Batch times never move back (B6). Waiting until the clock has caught up could take hours, and
 * nothing would be processed. So batches continue at the next batch times, one for each interval of
 * the clock. Durations in the pipeline, such as windows and time-outs, stay right. The times of the
 * batches are ahead, by at most as much as before; at rest the clock catches up.
 *
 * The pace is kept in memory only: a new process may run one batch early.
 */
import type { Head } from '../../state/head.ts'
import type { Listener } from '../events.ts'

/**
 * The clocks of two drivers may differ by this, because each may differ by half of it from the
 * clock of the store. It is not worth a word either.
 */
const TOLERANCE_MS = 4_000

/**
 * How far batches have come: the time of the last one, or the time to which a head that rested was
 * woken. A clock that is behind either of them was set back. At rest, `wakeMs` is the time of a
 * timer, which may lie in the future.
 */
export const reachedMs = ({ status, doneMs, wakeMs }: Head): number =>
  status === 'rest' ? doneMs : Math.max(doneMs, wakeMs)

/** Decides when the next batch is due. */
export class Pace {
  readonly #intervalMs: number
  readonly #listen: Listener
  #startedMs = -Infinity
  #isSaid = false

  constructor(intervalMs: number, listen: Listener) {
    this.#intervalMs = intervalMs
    this.#listen = listen
  }

  /** Notes that a batch starts now. */
  started(nowMs: number): void {
    this.#startedMs = nowMs
  }

  /** Says once if batches are ahead of the clock. */
  check(reached: number, nowMs: number): void {
    const isAhead = this.#isAhead(reached, nowMs)
    if (isAhead && !this.#isSaid)
      this.#listen({
        event: 'warning',
        code: 'CLOCK_BEHIND',
        message:
          `The last batch was for ${new Date(reached).toISOString()}, ` +
          `${Math.round((reached - nowMs) / 1_000)} s ahead of the clock: an earlier run went ` +
          'ahead with --once, or the clock was set back. Batches go on at the times after it, as ' +
          'often as ever. The times agree again after a rest of that length',
      })
    this.#isSaid = isAhead
  }

  /** When the batch of a time is due. `reached`: how far batches have come. */
  dueMs(timeMs: number, reached: number, nowMs: number): number {
    if (!this.#isAhead(reached, nowMs)) return timeMs
    // A start in the future is one from before the clock was set back.
    const isUsual = this.#startedMs <= nowMs
    return isUsual ? Math.min(timeMs, this.#startedMs + this.#intervalMs) : nowMs
  }

  #isAhead(reached: number, nowMs: number): boolean {
    return reached - nowMs > Math.max(TOLERANCE_MS, this.#intervalMs)
  }
}
