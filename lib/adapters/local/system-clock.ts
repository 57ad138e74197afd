import type { Clock } from '../../ports/clock.ts'

/** The longest delay of a timer of Node; a timer with a longer delay would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

/**
 * Waits once, at most for the longest delay of a timer. Resolves early when the signal is aborted.
 */
const wait = (durationMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      // A signal may exist as long as the application. A listener that each sleep adds and never
      // removes would be a leak.
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, durationMs)
    signal?.addEventListener('abort', finish, { once: true })
  })

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** The {@link Clock} of this machine. */
export const systemClock = (): Clock => ({
  now: () => Date.now(),
  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    // A sleep of no time still lets everything else have its turn.
    if (durationMs <= 0) {
      await turn()
      return
    }
    let remainingMs = durationMs
    while (remainingMs > 0 && signal?.aborted !== true) {
      const pieceMs = Math.min(remainingMs, TIMER_MS_MAX)
      await wait(pieceMs, signal)
      remainingMs -= pieceMs
    }
  },
})
