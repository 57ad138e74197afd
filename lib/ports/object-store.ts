import type { ByteRange, ObjectContent } from './object-source.ts'

/**
 * One specific upload of an object. To read it gives the bytes of this upload, or says that they
 * are gone.
 */
export interface ObjectVersion {
  readonly key: string
  /**
   * Distinguishes this upload from every other one under the key: the id of the version, or the
   * entity tag if the store has no versions.
   */
  readonly version: string
  /**
   * Whether `version` is the id of a version. If so, the upload can be read even after a later
   * upload.
   */
  readonly isVersioned: boolean
  /**
   * What the store says of its content: equal for equal content, unless it was uploaded or
   * encrypted in another way. Left out: it is `version`.
   */
  readonly entityTag?: string
  /**
   * The modification time by the store, in epoch milliseconds. For a multipart upload on S3 it is
   * the time when the upload began.
   */
  readonly modifiedMs: number
  readonly sizeBytes: number
}

/** Some of the objects of a store, in the order of their keys. */
export interface ObjectPage {
  readonly objects: readonly Pick<ObjectVersion, 'key' | 'modifiedMs'>[]
  /**
   * The key after which the next page begins; undefined: this page is the last. An empty page may
   * still have a next one.
   */
  readonly next?: string
}

/**
 * A store of whole objects that can be read by name. Event notifications name such objects.
 *
 * What an implementation promises:
 * - `head` gives the upload with the given version id, or without one the current upload; undefined
 *   if it does not exist.
 * - `read` gives exactly the bytes of that upload, or says that they are `missing` or `replaced`.
 *   With a range, it gives the bytes of the upload in the range.
 * - `list` gives one page of the current objects whose keys begin with a prefix and come after a
 *   key. It leaves out an object if its name below the prefix, or a part of that name between
 *   slashes, is hidden or temporary.
 * - All three see every upload that was complete before the call.
 *
 * Errors: `OBJECT_REFUSED` when `head` or `read` may not see this one object, and a retry cannot
 * help: no rights to it, or to its key. `OBJECT_ARCHIVED` when `read` must wait until the object is
 * restored from an archive. `OBJECT_UNREADABLE` otherwise (retryable if it may pass).
 */
export interface ObjectStore {
  /** Its name in messages, for example `bucket clicks`. */
  readonly description: string
  head(key: string, version?: string): Promise<ObjectVersion | undefined>
  read(object: ObjectVersion, range?: ByteRange): Promise<ObjectContent>
  list(prefix: string, after?: string): Promise<ObjectPage>
  /**
   * By how much the clock of the store is ahead of the clock of this machine at least, according to
   * the newest answer, in milliseconds. Negative: it is behind. Left out, or undefined: unknown.
   */
  aheadMs?(): number | undefined
}
