/**
 * Batch times are epoch milliseconds on the grid `zeroTime + k * intervalMs`, k = 1, 2, ... The
 * zero time is aligned to the epoch, as in Spark: the first batch of a StreamingContext is the
 * first multiple of the interval strictly after the start. The zero time never changes during the
 * life of the store.
 */

/**
 * The zero time of an application that starts now: the last multiple of the interval at or before
 * now.
 */
export const zeroTimeAt = (nowMs: number, intervalMs: number): number =>
  Math.floor(nowMs / intervalMs) * intervalMs

/** The first grid time at or after a moment. */
export const gridTimeAtOrAfter = (momentMs: number, zeroMs: number, intervalMs: number): number =>
  zeroMs + Math.ceil((momentMs - zeroMs) / intervalMs) * intervalMs
