/**
 * Tells when the clock of a store is not that of the driver. Files are chosen by the clock of their
 * store, and batches by that of the driver. If the store is ahead, its files wait until the driver
 * has their time. If it is behind, they look older than they are.
 */
import type { Listener } from '../events.ts'

/** Clocks of machines that are synchronised differ by less. */
export const SKEW_MS_MAX = 5_000
/** The same is told this often. */
const TELL_EVERY_MS = 60_000

/** Tells of the clock of one source. */
export class ClockSkew {
  readonly #source: string
  readonly #report: Listener
  #toldMs = -Infinity

  constructor(source: string, report: Listener) {
    this.#source = source
    this.#report = report
  }

  /** Looks at a measurement. Undefined: there is none. */
  tell(aheadMs: number | undefined, nowMs: number): void {
    if (aheadMs === undefined || Math.abs(aheadMs) <= SKEW_MS_MAX) return
    if (nowMs < this.#toldMs + TELL_EVERY_MS && nowMs >= this.#toldMs) return
    this.#toldMs = nowMs
    this.#report({ event: 'clockSkew', source: this.#source, aheadMs })
  }
}
