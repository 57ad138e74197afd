/** One object or file as a listing shows it. */
export interface ObjectSummary {
  /** The name below the watched place, unique there. */
  readonly key: string
  /**
   * When its content was last modified, epoch milliseconds, by the clock of the place that stores
   * it.
   */
  readonly modifiedMs: number
  /** Its size in bytes at the listing. */
  readonly sizeBytes: number
  /**
   * What tells this upload from others under the key, where the place knows it: an entity tag.
   * Without it, time and size do.
   */
  readonly version?: string
}

/**
 * What reading an object gave. `gone`: it is missing, or is no longer the object that was listed.
 */
export type ObjectContent =
  | { readonly found: true; readonly bytes: Uint8Array }
  | { readonly found: false; readonly gone: 'missing' | 'replaced' }

/**
 * A place with objects in it: a directory, or a prefix of a bucket.
 *
 * What an implementation promises: `list` shows every object that was completely there before the
 * call began, and never a directory, a hidden or temporary name (one that starts with `.` or `_`,
 * or ends with `._COPYING_`). `read` returns exactly the bytes of the object that was listed (same
 * modification time, first `sizeBytes` bytes) or says that they are gone; bytes appended since are
 * not returned.
 *
 * Errors: `DIRECTORY_MISSING` (retryable: it may appear), `OBJECT_UNREADABLE` (retryable).
 */
export interface ObjectSource {
  /** How the place is called in messages, for example `directory ./in`. */
  readonly description: string
  list(): Promise<readonly ObjectSummary[]>
  read(summary: ObjectSummary): Promise<ObjectContent>
}
