import type { BlobStore } from '../../ports/blob-store.ts'

/** A {@link BlobStore} that a test can inspect. */
export interface MemoryBlobStore extends BlobStore {
  /** The names of all blobs. */
  names(): readonly string[]
}

/**
 * A {@link BlobStore} in the memory of this process.
 *
 * @example
 * ```ts
 * const blobs = memoryBlobStore()
 * await blobs.put('a', Buffer.from('to be'))
 * ```
 */
export const memoryBlobStore = (): MemoryBlobStore => {
  const blobs = new Map<string, Uint8Array>()
  return {
    async put(name: string, bytes: Uint8Array): Promise<void> {
      blobs.set(name, new Uint8Array(bytes))
    },
    async get(name: string): Promise<Uint8Array | undefined> {
      const bytes = blobs.get(name)
      return bytes === undefined ? undefined : new Uint8Array(bytes)
    },
    async deleteAll(names: readonly string[]): Promise<void> {
      for (const name of names) blobs.delete(name)
    },
    names: () => [...blobs.keys()],
  }
}
