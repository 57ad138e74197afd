/**
 * Does things side by side, and waits until all of them are over, even when one fails: then throws what the first in their order threw.
 * `Promise.all` would leave the others running behind its caller's back. A function of AWS is frozen when it answers, and what was left
 * goes on hours later.
 */
export const together = async <T>(all: Iterable<Promise<T>>): Promise<T[]> => {
  const ended = await Promise.allSettled(all)
  return ended.map((end) => {
    if (end.status === 'rejected') throw end.reason
    return end.value
  })
}
