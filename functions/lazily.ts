import type { BlobStore } from '../lib/ports/blob-store.ts'
import type { Tick } from '../lib/runtime/serverless/ticks.ts'

/** Sends ticks to the driver. */
export type Wind = (ticks: readonly Tick[]) => Promise<void>

/** Makes something at the first call, and gives the same from then on; a failure is not kept. */
const onceMade = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    }))
}

/** A store of blobs whose client is loaded when the first blob is written, read or deleted: most events need none. */
export const lazyBlobStore = (open: () => Promise<BlobStore>): BlobStore => {
  const store = onceMade(open)
  return {
    put: async (name, bytes) => {
      // A copy, for the caller may change its bytes while the client is loaded.
      const own = new Uint8Array(bytes)
      await (await store()).put(name, own)
    },
    get: async (name) => (await store()).get(name),
    deleteAll: async (names) => (await store()).deleteAll(names),
  }
}

/** A queue whose client is loaded with the first tick that is sent. */
export const lazyWind = (open: () => Promise<Wind>): Wind => {
  const wind = onceMade(open)
  return async (ticks) => (await wind())(ticks)
}
