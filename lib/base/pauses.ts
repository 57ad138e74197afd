/**
 * Pauses let the event loop turn while a batch computes. Signals, progress lines and the renewal of
 * leases wait for such a turn.
 */

/** A promise when a pause is due, and undefined when it is not. Asking is cheap. */
export type Pause = () => Promise<void> | undefined

/** How many records are computed between two questions whether a pause is due. */
export const RECORDS_PER_SLICE = 64

/** Calls `visit` with each item, in order. Pauses between items when a pause is due. */
export const visitAll = async <T>(
  items: Iterable<T>,
  pause: Pause | undefined,
  visit: (item: T) => void,
): Promise<void> => {
  if (pause === undefined) {
    for (const item of items) visit(item)
    return
  }
  const iterator = items[Symbol.iterator]()
  while (visitSlice(iterator, visit)) {
    const due = pause()
    if (due !== undefined) await due
  }
}

/** Whether there may be more items. A function of its own: see `pushSlice` in evaluate.ts. */
const visitSlice = <T>(iterator: Iterator<T>, visit: (item: T) => void): boolean => {
  for (let i = 0; i < RECORDS_PER_SLICE; i++) {
    const next = iterator.next()
    if (next.done === true) return false
    visit(next.value)
  }
  return true
}
