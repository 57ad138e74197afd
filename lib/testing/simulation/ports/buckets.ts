import { MillraceError } from '../../../base/errors.ts'
import type { BlobStore } from '../../../ports/blob-store.ts'
import type { ObjectStore } from '../../../ports/object-store.ts'
import type { Caller } from '../calls.ts'
import type { Environment } from '../environment.ts'
import type { Observer } from './observer.ts'

/** The access of one process to the bucket of large segments. */
export const simulatedBlobStore = (
  blobs: BlobStore,
  observer: Observer,
  environment: Environment,
  call: Caller,
): BlobStore => {
  const deleteEach = async (names: readonly string[]): Promise<void> => {
    await blobs.deleteAll(names)
    for (const name of names) observer.blobStored(name, undefined, environment)
  }
  return {
    put: (name, bytes) =>
      call({
        name: `put blob ${name}`,
        effect: async () => {
          await blobs.put(name, bytes)
          observer.blobStored(name, new Uint8Array(bytes), environment)
        },
      }),
    get: (name) => call({ name: `get blob ${name}`, effect: () => blobs.get(name) }),
    deleteAll: (names) =>
      call({
        name: `delete blobs ${names.join(' ')}`,
        isBatch: names.length > 1,
        effect: () => deleteEach(names),
        part: () => deleteEach(names.slice(0, names.length >> 1)),
      }),
  }
}

/** A bucket that refuses to give some uploads. */
export interface RefusingStore {
  readonly objects: ObjectStore
  readonly isRefused: (version: string) => boolean
}

/** The access of one process to a bucket that is a source. */
export const simulatedObjectStore = (
  { objects, isRefused }: RefusingStore,
  call: Caller,
): ObjectStore => ({
  description: objects.description,
  head: (key, version) =>
    call({
      name: `head ${key}`,
      code: 'OBJECT_UNREADABLE',
      effect: () => objects.head(key, version),
    }),
  list: (prefix, after) =>
    call({
      name: `list ${prefix}`,
      code: 'OBJECT_UNREADABLE',
      effect: () => objects.list(prefix, after),
    }),
  read: (object, range) =>
    call({
      name: `read ${object.key}`,
      code: 'OBJECT_UNREADABLE',
      effect: async () => {
        const content = await objects.read(object, range)
        if (!content.found || !isRefused(object.version)) return content
        throw new MillraceError('OBJECT_REFUSED', { problem: 'no rights', value: object.key })
      },
    }),
})
