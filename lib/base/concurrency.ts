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
