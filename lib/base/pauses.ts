/**
 * Pauses let the event loop turn while a batch computes. Signals, progress lines and the renewal of
 * leases wait for such a turn.
 */

/** A promise when a pause is due, and undefined when it is not. Asking is cheap. */
export type Pause = () => Promise<void> | undefined

/** How many records are computed between two questions whether a pause is due. */
export const RECORDS_PER_SLICE = 64
