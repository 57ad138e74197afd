import type { ObjectContent } from '../../ports/object-source.ts'
import type { ObjectStore, ObjectVersion } from '../../ports/object-store.ts'

/** An {@link ObjectStore} that a test can write to. */
export interface MemoryObjectStore extends ObjectStore {
  /** Uploads an object, and gives what tells this upload from others. */
  write(key: string, bytes: Uint8Array, modifiedMs: number): string
  /** Takes an object away: with versions, the older uploads can still be read by their ids. */
  remove(key: string): void
}

interface Upload {
  readonly object: ObjectVersion
  readonly bytes: Uint8Array
}

/**
 * An {@link ObjectStore} in the memory of this process.
 *
 * @param options `versioned`: keeps earlier uploads, as a bucket with versioning does; default false.
 * @example
 * ```ts
 * const objects = memoryObjectStore({ versioned: true })
 * const version = objects.write('a.txt', Buffer.from('to be'), 1_000)
 * console.log(await objects.head('a.txt', version))
 * ```
 */
export const memoryObjectStore = ({ versioned = false }: { readonly versioned?: boolean } = {}): MemoryObjectStore => {
  const current = new Map<string, Upload>()
  const uploads = new Map<string, Upload>()
  const nameOf = (key: string, version: string): string => `${key}\n${version}`
  let count = 0

  return {
    description: 'objects in memory',
    async head(key: string, version?: string): Promise<ObjectVersion | undefined> {
      return (version === undefined || !versioned ? current.get(key) : uploads.get(nameOf(key, version)))?.object
    },
    async read({ key, version }: ObjectVersion): Promise<ObjectContent> {
      const upload = versioned ? uploads.get(nameOf(key, version)) : current.get(key)
      if (upload === undefined) return { found: false, gone: 'missing' }
      if (upload.object.version !== version) return { found: false, gone: 'replaced' }
      return { found: true, bytes: new Uint8Array(upload.bytes) }
    },
    write(key: string, bytes: Uint8Array, modifiedMs: number): string {
      const version = `v${++count}`
      const upload = {
        object: { key, version, isVersioned: versioned, modifiedMs, sizeBytes: bytes.byteLength },
        bytes: new Uint8Array(bytes),
      }
      current.set(key, upload)
      uploads.set(nameOf(key, version), upload)
      return version
    },
    remove(key: string): void {
      current.delete(key)
    },
  }
}
