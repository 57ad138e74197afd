/** How much of the input of a batch is held in memory. */
export interface HeldLimits {
  /**
   * An input of at most this size is read at once, while its batch is being logged. A larger one is
   * read part by part, when it is needed.
   */
  readonly batchBytes: number
  /** A file is read in parts of about this size, if its format can be split. */
  readonly partBytes: number
}

/**
 * Most batches are read at once. Parts are large enough for an object store, which answers after 60
 * ms, and small enough that some of them are in memory at a time.
 */
export const HELD_LIMITS: HeldLimits = Object.freeze({
  batchBytes: 16 * 1024 * 1024,
  partBytes: 4 * 1024 * 1024,
})
