import type { Clock } from '../../ports/clock.ts'

/**
 * A clock that moves only when it is told to. Who sleeps moves it too: in a test nobody else is
 * there to pass the time.
 */
export class VirtualClock implements Clock {
  #nowMs: number

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  /** Goes on to a moment; one that has passed changes nothing. */
  goTo(momentMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, momentMs)
  }

  async sleep(durationMs: number): Promise<void> {
    this.goTo(this.#nowMs + durationMs)
  }
}
