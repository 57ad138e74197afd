/**
 * A store of whole blobs under names, for bytes that cost less there than in an item.
 *
 * What an implementation promises:
 * - *Linearizable.* A `get` that starts after a `put` or a `deleteAll` was acknowledged sees it.
 * - *Acknowledged is durable.* An acknowledged write survives the end of the process at any moment.
 * - *Whole or not at all.* A blob has the bytes of one `put`, never a mixture. When a call rejects,
 *   its write either happened or did not. A rejected `deleteAll` may have removed any of the blobs.
 * - *Bytes belong to the caller.* The store never changes bytes that it takes or returns, and later
 *   changes by the caller do not reach the store.
 *
 * A name has 1 to 700 characters: letters, digits, and `-`, `_`, `.`, `~`, `/`, `%`. Neither the
 * name nor a part between slashes is `.`, `..` or empty.
 *
 * Errors: `STORE_FAILED` (retryable), `STORE_FULL`.
 */
export interface BlobStore {
  /** Writes a blob; replaces an existing one. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** The bytes, or undefined if there is no such blob. */
  get(name: string): Promise<Uint8Array | undefined>
  /** Removes blobs, in no particular order. A missing blob is not an error. */
  deleteAll(names: readonly string[]): Promise<void>
}
