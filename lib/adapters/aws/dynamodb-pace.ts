/**
 * Runs many calls at a pace that a throttled service can follow: fewer at the same time after a
 * call that was throttled, and slowly more again while calls succeed.
 */
import type { Clock } from '../../ports/clock.ts'
import { isThrottled, isTransient } from './aws-errors.ts'

/** Limits of {@link pacedCalls}. */
export interface PaceLimits {
  /** At most so many calls at the same time. */
  readonly atOnce: number
  /** A call is tried so often. */
  readonly tries: number
  /** Is told of each call that was throttled. */
  readonly throttled?: () => void
}

const FIRST_PAUSE_MS = 50
const PAUSE_MS_MAX = 5_000

/** Runs an action for each element. After a failure no new one begins, and it is thrown. */
export const pacedCalls = async <T>(
  clock: Clock,
  all: readonly T[],
  { atOnce, tries, throttled }: PaceLimits,
  action: (one: T) => Promise<void>,
): Promise<void> => {
  const queue: { readonly one: T; readonly tried: number }[] = all
    .toReversed()
    .map((one) => ({ one, tried: 0 }))
  let allowed = atOnce
  let pauseMs = 0
  const failures: unknown[] = []
  const running = new Set<Promise<void>>()
  const run = async (one: T, tried: number): Promise<void> => {
    try {
      await action(one)
      allowed = Math.min(atOnce, allowed + 1 / allowed)
      pauseMs = 0
    } catch (error) {
      if (isThrottled(error)) throttled?.()
      if (!isTransient(error) || tried + 1 >= tries) {
        failures.push(error)
        return
      }
      allowed = Math.max(1, allowed / 2)
      pauseMs = Math.min(PAUSE_MS_MAX, Math.max(FIRST_PAUSE_MS, pauseMs * 2))
      queue.push({ one, tried: tried + 1 })
    }
  }
  while ((queue.length > 0 || running.size > 0) && failures.length === 0) {
    if (pauseMs > 0) {
      await Promise.all(running)
      await clock.sleep(pauseMs)
    }
    const next = running.size < Math.floor(allowed) ? queue.pop() : undefined
    if (next === undefined) {
      // All may have ended while this waited: a race of nobody never ends.
      if (running.size > 0) await Promise.race(running)
      continue
    }
    const call = run(next.one, next.tried).finally(() => running.delete(call))
    running.add(call)
  }
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
}
