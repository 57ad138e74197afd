import type { Clock } from '../../ports/clock.ts'

/**
 * A clock that moves only when it is told to. `sleep` moves it too: in a test nothing else would.
 */
export class VirtualClock implements Clock {
  #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  /** Moves on to a time. A time in the past changes nothing. */
  goTo(momentMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, momentMs)
  }

  async sleep(durationMs: number): Promise<void> {
    this.goTo(this.#nowMs + durationMs)
  }
}
