/**
 * Makes the elements of a file from its bytes.
 *
 * @example const sizes: FileReader<number> = (bytes) => [bytes.length]
 */
export type FileReader<T = unknown> = (bytes: Uint8Array, path: string) => Iterable<T>

/** Which files of a watched place are taken, and how they are read. */
export interface FileSelection {
  /**
   * `'ignore'`: only files that were modified after the application first started, and at most
   * `rememberMs` before the batch time, as in Spark. `'all'`: every file, the oldest first, each
   * path once.
   */
  readonly existing: 'ignore' | 'all'
  /** How far back a modification time may lie. */
  readonly rememberMs: number
  /**
   * How long a path is ignored after a batch has taken it, whatever is written there. As in Spark,
   * which forgets a batch when one is completed that is more than `rememberMs` later.
   */
  readonly ignoredMs: number
  /**
   * Whether a path that was taken and is written again is new data. Default: as the place has it.
   */
  readonly onOverwrite?: 'new' | 'ignore'
  /** Whether a file is taken, by its path below the place. Default: every file is. */
  readonly filter?: (path: string) => boolean
  /** Makes the elements. Default: the lines of its text. */
  readonly read?: FileReader
}

/** Spark's `spark.streaming.fileStream.minRememberDuration`. */
export const DEFAULT_REMEMBER_MS = 60_000

/** Every file that there is: for sources that are streams elsewhere, read from their beginning. */
export const ALL_FILES: FileSelection = Object.freeze({
  existing: 'all',
  rememberMs: DEFAULT_REMEMBER_MS,
  ignoredMs: DEFAULT_REMEMBER_MS,
})
