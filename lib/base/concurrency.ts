/**
 * Waits until all promises have ended, even when one fails. Then it throws the error of the first
 * one, in the order of the list, that failed. `Promise.all` would throw at once and leave the
 * others running. AWS freezes a function when it answers, so the rest of their work would run hours
 * later.
 */
export const allOrFirstError = async <const T extends readonly unknown[]>(all: {
  readonly [K in keyof T]: Promise<T[K]>
}): Promise<T> => {
  const ended = await Promise.allSettled(all as readonly Promise<unknown>[])
  return ended.map((end) => {
    if (end.status === 'rejected') throw end.reason
    return end.value
  }) as unknown as T
}

/**
 * Runs an action for each element, at most `atOnce` at the same time. The results are in the order
 * of the elements. After a failure no new action begins. The running ones end first, and then the
 * first failure is thrown.
 */
export const mapAtOnce = async <T, R>(
  all: readonly T[],
  atOnce: number,
  action: (one: T) => Promise<R>,
): Promise<R[]> => {
  const done: R[] = []
  const queue = all.entries()
  const failures: unknown[] = []
  const work = async (): Promise<void> => {
    for (const [index, one] of queue) {
      if (failures.length > 0) return
      try {
        done[index] = await action(one)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, work))
  if (failures.length > 0) throw failures[0]
  return done
}

/** How much may run at the same time. */
export interface WeightLimits<T> {
  /** The largest number of actions. */
  readonly atOnce: number
  /** The largest weight of all running actions together. A heavier action runs alone. */
  readonly weight: number
  readonly weightOf: (one: T) => number
}

/**
 * As {@link mapAtOnce}, and the actions that run at the same time are limited by their weight too,
 * for example by the bytes that they hold in memory. Actions begin in the order of the elements.
 */
export const mapWithin = async <T, R>(
  all: readonly T[],
  { atOnce, weight: weightMax, weightOf }: WeightLimits<T>,
  action: (one: T) => Promise<R>,
): Promise<R[]> => {
  const done: R[] = []
  const failures: unknown[] = []
  const running = new Set<Promise<void>>()
  let weight = 0
  const start = (one: T, index: number, own: number): void => {
    weight += own
    const run = action(one)
      .then(
        (result) => void (done[index] = result),
        (error: unknown) => void failures.push(error),
      )
      .finally(() => {
        weight -= own
        running.delete(run)
      })
    running.add(run)
  }
  for (const [index, one] of all.entries()) {
    const own = weightOf(one)
    while (running.size > 0 && (running.size >= atOnce || weight + own > weightMax))
      await Promise.race(running)
    if (failures.length > 0) break
    start(one, index, own)
  }
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
  return done
}

/** Resolves when a signal is aborted. */
export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
