import type { ObjectContent } from './object-source.ts'

/** One upload of an object, pinned: reading it gives these bytes or says that they are gone. */
export interface ObjectVersion {
  readonly key: string
  /**
   * What tells this upload from every other one under the key: the version's id, or the entity tag
   * where the store keeps no versions.
   */
  readonly version: string
  /** Whether `version` is a version's id: then the upload can be read even after another one. */
  readonly isVersioned: boolean
  /**
   * When the store says that it was modified, epoch milliseconds; of a multipart upload on S3 that
   * is when it began.
   */
  readonly modifiedMs: number
  readonly sizeBytes: number
}

/** Some of the objects of a store, in the order of their keys. */
export interface ObjectPage {
  readonly objects: readonly Pick<ObjectVersion, 'key' | 'modifiedMs'>[]
  /**
   * The key after which the next page begins; undefined: there is nothing more. A page may be empty
   * and not be the last.
   */
  readonly next?: string
}

/**
 * A store of whole objects that can be asked for one by its name: what event notifications hint at.
 *
 * What an implementation promises: `head` gives the upload with that version's id, or without one
 * the upload that is there now, undefined where there is none; `read` gives exactly the bytes of
 * that upload, or says that they are `missing` or `replaced`; `list` gives a page of the objects
 * that are there now, whose keys begin with a prefix and come after a key, without those whose name
 * below the prefix, or a part of it between slashes, is hidden or temporary. All see every upload
 * that was complete before the call.
 *
 * Errors: `OBJECT_UNREADABLE` (retryable unless access is denied).
 */
export interface ObjectStore {
  /** How the place is called in messages, for example `bucket clicks`. */
  readonly description: string
  head(key: string, version?: string): Promise<ObjectVersion | undefined>
  read(object: ObjectVersion): Promise<ObjectContent>
  list(prefix: string, after?: string): Promise<ObjectPage>
}
