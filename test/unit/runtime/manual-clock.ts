import type { Clock } from '../../../lib/ports/clock.ts'

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

/** Waits until every promise that can settle has settled. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that only a test moves. Sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  nowMs: number
  #sleepers: Sleeper[] = []

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  now(): number {
    return this.nowMs
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || durationMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const sleeper = { atMs: this.nowMs + durationMs, wake: resolve }
      this.#sleepers.push(sleeper)
      const aborted = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        resolve()
      }
      signal?.addEventListener('abort', aborted, { once: true })
    })
  }

  /** Number of sleepers. */
  get sleepers(): number {
    return this.#sleepers.length
  }

  /** Moves the clock to a time, and runs everything that happens until then. */
  async runUntil(untilMs: number): Promise<void> {
    for (;;) {
      await settled()
      const next = this.#sleepers
        .filter(({ atMs }) => atMs <= untilMs)
        .toSorted((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.wake()
    }
    this.nowMs = Math.max(this.nowMs, untilMs)
    await settled()
  }

  /** Moves the clock until the promise has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const noted = promise.finally(() => {
      isSettled = true
    })
    noted.catch(() => undefined)
    for (let turn = 0; turn < 100_000; turn++) {
      await settled()
      // The compiler does not see the assignment above.
      if (isSettled as boolean) return noted
      await this.runUntil(Math.min(...this.#sleepers.map(({ atMs }) => atMs), this.nowMs + 10_000))
    }
    throw new Error('it never settled')
  }
}
