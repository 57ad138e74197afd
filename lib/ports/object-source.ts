/** One object or file in a listing. */
export interface ObjectSummary {
  /** The name below the watched path, unique there. */
  readonly key: string
  /** The time of its last modification, in epoch milliseconds, by the clock of the storage. */
  readonly modifiedMs: number
  /** Its size in bytes at the time of the listing. */
  readonly sizeBytes: number
  /**
   * Distinguishes this upload from others under the same key, where the storage has such a value:
   * an entity tag. Without it, the modification time and the size are compared.
   */
  readonly version?: string
  /**
   * When its name or its status last changed: no program can set it. So it shows when a file came
   * that has an older modification time. Left out: unknown.
   */
  readonly changedMs?: number
  /** Stays the same when it is renamed, and its content is the same. Left out: unknown. */
  readonly identity?: string
}

/** A part of an object: the bytes from `from` up to, but not including, `to`. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** The bytes of a range that exist. Default: all of them. */
export const bytesIn = (bytes: Uint8Array, range?: ByteRange): Uint8Array =>
  range === undefined ? bytes : bytes.subarray(range.from, range.to)

/**
 * The result of reading an object. `gone`: the object is missing, or is no longer the object that
 * was listed.
 */
export type ObjectContent =
  | {
      readonly found: true
      /** The bytes as they are stored. */
      readonly bytes: Uint8Array
      /** The content encoding, where the storage keeps one: `gzip`, `aws-chunked,gzip`. */
      readonly contentEncoding?: string
    }
  | { readonly found: false; readonly gone: 'missing' | 'replaced' }

/**
 * A directory, or a prefix of a bucket, with objects in it.
 *
 * What an implementation promises: `list` returns every object that was complete before the call
 * began. It never returns a directory, or a hidden or temporary name (one that starts with `.` or
 * `_`, or ends with `._COPYING_`). `read` returns exactly the bytes of the object that was listed
 * (same modification time, first `sizeBytes` bytes), or says that they are gone. Bytes that were
 * appended later are not returned. With a range, only the bytes of the object in the range are.
 *
 * Errors: `DIRECTORY_MISSING` (retryable: the directory may appear), `OBJECT_UNREADABLE`
 * (retryable).
 */
export interface ObjectSource {
  /** Its name in messages, for example `directory ./in`. */
  readonly description: string
  /**
   * Whether the user has named the one object itself. Then it is read, however old it is. Default:
   * false.
   */
  readonly isNamed?: boolean
  list(): Promise<readonly ObjectSummary[]>
  read(summary: ObjectSummary, range?: ByteRange): Promise<ObjectContent>
  /**
   * The names that the last listing left out, because they may still be written. Left out: objects
   * appear when they are complete.
   */
  moving?(): readonly string[]
  /**
   * By how much the clock of the storage is ahead of the clock of this machine at least, according
   * to the last listing, in milliseconds. Left out, or undefined: unknown.
   */
  aheadMs?(): number | undefined
}
