import { createHash } from 'node:crypto'
import { isWatchedKey } from '../../ports/object-names.ts'
import { type ByteRange, bytesIn, type ObjectContent } from '../../ports/object-source.ts'
import type { ObjectPage, ObjectStore, ObjectVersion } from '../../ports/object-store.ts'

/** An {@link ObjectStore} that a test can write to. */
export interface MemoryObjectStore extends ObjectStore {
  /** Uploads an object. Returns its version, which distinguishes this upload from others. */
  write(key: string, bytes: Uint8Array, modifiedMs: number, contentEncoding?: string): string
  /** Removes an object. With versions, earlier uploads can still be read by their ids. */
  remove(key: string): void
}

/** Settings of {@link memoryObjectStore}. */
export interface MemoryObjectStoreOptions {
  readonly versioned?: boolean
  readonly pageSize?: number
  /** Whether each upload has an entity tag of its own, also when its bytes are equal. */
  readonly hasUniqueTags?: boolean
}

interface Upload {
  readonly object: ObjectVersion
  readonly bytes: Uint8Array
  readonly encoding: { readonly contentEncoding?: string }
}

/** Compares keys by their bytes, as S3 does. */
const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** As on S3: equal bytes have equal entity tags, also in another upload. */
const entityTagOf = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

/**
 * An {@link ObjectStore} in the memory of this process.
 *
 * @param options `versioned`: keeps earlier uploads, as a bucket with versioning does; default
 * false. `hasUniqueTags`: no two uploads have the same tag; default false, as in S3. `pageSize`:
 * the number of objects in a page of a listing; default 1,000, as in S3.
 * @example
 * ```ts
 * const objects = memoryObjectStore({ versioned: true })
 * const version = objects.write('a.txt', Buffer.from('to be'), 1_000)
 * console.log(await objects.head('a.txt', version))
 * ```
 */
export const memoryObjectStore = ({
  versioned = false,
  pageSize = 1_000,
  hasUniqueTags = false,
}: MemoryObjectStoreOptions = {}): MemoryObjectStore => {
  const current = new Map<string, Upload>()
  const uploads = new Map<string, Upload>()
  const nameOf = (key: string, version: string): string => `${key}\n${version}`
  let count = 0
  /** Sorted when they are listed, and kept until there is another key. */
  let keys: readonly string[] | undefined
  const keysInOrder = (): readonly string[] => (keys ??= [...current.keys()].toSorted(compareKeys))

  return {
    description: 'objects in memory',
    async head(key: string, version?: string): Promise<ObjectVersion | undefined> {
      return (
        version === undefined || !versioned ? current.get(key) : uploads.get(nameOf(key, version))
      )?.object
    },
    async read({ key, version }: ObjectVersion, range?: ByteRange): Promise<ObjectContent> {
      const upload = versioned ? uploads.get(nameOf(key, version)) : current.get(key)
      if (upload === undefined) return { found: false, gone: 'missing' }
      if (upload.object.version !== version) return { found: false, gone: 'replaced' }
      return {
        found: true,
        bytes: new Uint8Array(bytesIn(upload.bytes, range)),
        ...upload.encoding,
      }
    },
    async list(prefix: string, after = ''): Promise<ObjectPage> {
      const following = keysInOrder().filter(
        (key) => key.startsWith(prefix) && (after === '' || compareKeys(key, after) > 0),
      )
      const page = following.slice(0, pageSize)
      const next = page.length < following.length ? page.at(-1) : undefined
      const objects = page
        .filter((key) => isWatchedKey(key, prefix))
        .map((key) => ({ key, modifiedMs: current.get(key)?.object.modifiedMs ?? 0 }))
      return { objects, ...(next === undefined ? {} : { next }) }
    },
    write(key, bytes, modifiedMs, contentEncoding): string {
      const version = versioned || hasUniqueTags ? `v${++count}` : entityTagOf(bytes)
      const tag = versioned ? { entityTag: entityTagOf(bytes) } : {}
      const upload = {
        object: {
          key,
          version,
          isVersioned: versioned,
          ...tag,
          modifiedMs,
          sizeBytes: bytes.byteLength,
        },
        bytes: new Uint8Array(bytes),
        encoding: contentEncoding === undefined ? {} : { contentEncoding },
      }
      if (!current.has(key)) keys = undefined
      current.set(key, upload)
      uploads.set(nameOf(key, version), upload)
      return version
    },
    remove(key: string): void {
      current.delete(key)
      keys = undefined
    },
  }
}
