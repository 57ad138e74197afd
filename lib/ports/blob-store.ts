/**
 * A store of whole blobs under names: for bytes that are cheaper there than in an item.
 *
 * What an implementation promises:
 * - *Linearizable.* A `get` that starts after a `put` or a `deleteAll` was acknowledged sees it.
 * - *Acknowledged is durable.* It survives the end of the process at any moment.
 * - *Whole or not at all.* A blob has the bytes of one `put`, never a mixture. When a call rejects,
 *   it was done or not done; of
 *   `deleteAll` any of the blobs may be gone.
 * - *Bytes are the caller's.* What is given or returned is never changed by the store, and later
 *   changes by the caller do not reach it.
 *
 * A name is 1 to 700 letters, digits, and `-`, `_`, `.`, `~`, `/`, `%`, and neither it nor a part
 * between slashes is `.`, `..` or empty.
 *
 * Errors: `STORE_FAILED` (retryable), `STORE_FULL`.
 */
export interface BlobStore {
  /** Writes a blob whatever was there. */
  put(name: string, bytes: Uint8Array): Promise<void>
  /** The bytes, or undefined if there is no such blob. */
  get(name: string): Promise<Uint8Array | undefined>
  /** Removes blobs, in no particular order; one that is not there is no error. */
  deleteAll(names: readonly string[]): Promise<void>
}
