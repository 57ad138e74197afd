import type { FileLimits } from '../../formats/file-limits.ts'
import type { FileDivision } from '../../formats/file-format.ts'

/**
 * Makes the elements of a file from its bytes. `path` is the path of the file below the watched
 * location.
 *
 * @example const sizes: FileReader<number> = (bytes) => [bytes.length]
 */
export type FileReader<T = unknown> = (bytes: Uint8Array, path: string) => Iterable<T>

/** Which files of a watched location are taken, and how they are read. */
export interface FileSelection {
  /**
   * `'ignore'`: only files that were modified after the first start of the application, and at most
   * `rememberMs` before the batch time, as in Spark. `'all'`: every file, the oldest first, each
   * path once.
   */
  readonly existing: 'ignore' | 'all'
  /** How long before the batch time a file may have been modified. */
  readonly rememberMs: number
  /**
   * How long a path is ignored after a batch has taken it, whatever is written there. As in Spark,
   * which forgets a batch when a batch more than `rememberMs` later is completed.
   */
  readonly ignoredMs: number
  /**
   * In a directory: how long a file must have stayed the same before it is read. 0: it is read at
   * once, as in Spark. Default: {@link DEFAULT_STABLE_FOR_MS}.
   */
  readonly stableForMs?: number
  /**
   * Whether a path that was taken and is written again counts as new data. Default: the default of
   * the location.
   */
  readonly onOverwrite?: 'new' | 'ignore'
  /** What happens to a file that appears too late. Default: the default of the location. */
  readonly lateFiles?: 'ignore' | 'take' | 'dead-letter'
  /** Whether a file that was taken counts again under another name. Default: `'new'`. */
  readonly onRename?: 'new' | 'ignore'
  /**
   * In a bucket: the time between two listings that look for objects without a notification.
   * `'never'`: only the first listings are made. Default: {@link DEFAULT_LIST_EVERY_MS}.
   */
  readonly listEveryMs?: number | 'never'
  /** Whether a file is taken, by its path below the location. Default: every file is taken. */
  readonly filter?: (path: string) => boolean
  /** Makes the elements of a file. Default: the lines of its text. */
  readonly read?: FileReader
  /** Makes the records of a file by a format, in place of `read`. Default: there is none. */
  readonly format?: FileDivision
  /** Whether `read` gets the bytes decompressed. Text is always decompressed. Default false. */
  readonly decompress?: boolean
  /** The limits of one file. Default: {@link FILE_LIMITS}. */
  readonly limits?: FileLimits
}

/** How the files of a source are read. */
export type FileReading = Pick<FileSelection, 'read' | 'format' | 'decompress' | 'limits'>

/** Spark's `spark.streaming.fileStream.minRememberDuration`. */
export const DEFAULT_REMEMBER_MS = 60_000

/** The longest default of `stableForMs`. A copy writes much more often. */
export const DEFAULT_STABLE_FOR_MS = 10_000

/** Often enough for a lost notification, and 24 batches a day for an application at rest. */
export const DEFAULT_LIST_EVERY_MS = 3_600_000

/**
 * Selects every file. Used for sources that are streams elsewhere and are read from their
 * beginning.
 */
export const ALL_FILES: FileSelection = Object.freeze({
  existing: 'all',
  rememberMs: DEFAULT_REMEMBER_MS,
  ignoredMs: DEFAULT_REMEMBER_MS,
})
