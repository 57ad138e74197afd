import type { Clock } from '../../ports/clock.ts'

/**
 * A sleep that others can end. A call of `wake` while there is no sleep is remembered, and ends the
 * next sleep immediately.
 */
export class Sleeper {
  readonly #clock: Clock
  #current: AbortController | undefined
  #called = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Forgets earlier calls of `wake`, because the caller is going to check for work now. */
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
