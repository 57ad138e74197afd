import type { Clock } from '../../ports/clock.ts'

/**
 * A sleep that others can end. A call that comes while nobody sleeps is remembered, and ends the
 * next sleep at once.
 */
export class Sleeper {
  readonly #clock: Clock
  #current: AbortController | undefined
  #called = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Forgets earlier calls: what they were about is going to be looked at now. */
  forget(): void {
    this.#called = false
  }

  async sleep(durationMs: number): Promise<void> {
    if (this.#called || durationMs <= 0) return
    this.#current = new AbortController()
    await this.#clock.sleep(durationMs, this.#current.signal)
    this.#current = undefined
  }

  wake(): void {
    this.#called = true
    this.#current?.abort()
  }
}
