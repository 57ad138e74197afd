/**
 * Does things side by side, and waits until all of them are over, even when one fails: then throws
 * what the first in their order threw. `Promise.all` would leave the others running behind its
 * caller's back. A function of AWS is frozen when it answers, and what was left goes on hours
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

/** Does it for each, so many side by side, and keeps their order. */
export const inGroups = async <T, R>(
  all: readonly T[],
  atOnce: number,
  action: (one: T) => Promise<R>,
): Promise<R[]> => {
  const done: R[] = []
  for (let from = 0; from < all.length; from += atOnce)
    done.push(...(await allOrFirstError(all.slice(from, from + atOnce).map(action))))
  return done
}
