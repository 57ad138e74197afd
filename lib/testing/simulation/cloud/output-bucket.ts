import { createHash } from 'node:crypto'
import type {
  ConditionalBucket,
  NewObject,
  SeenObject,
} from '../../../adapters/conditional-bucket.ts'

interface StoredObject extends SeenObject {
  readonly bytes: Uint8Array
}

/** A bucket that outputs go to. As on S3, equal bytes have equal entity tags. */
export class OutputBucket implements ConditionalBucket {
  readonly #objects = new Map<string, StoredObject>()
  readonly #removed = new Map<string, Uint8Array>()

  async list(prefix: string): Promise<readonly string[]> {
    return [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).toSorted()
  }

  async head(key: string): Promise<SeenObject | undefined> {
    return this.#objects.get(key)
  }

  async get(key: string): Promise<StoredObject | undefined> {
    const there = this.#objects.get(key)
    return there && { ...there, bytes: new Uint8Array(there.bytes) }
  }

  async putIfSeen(
    { key, bytes, metadata }: NewObject,
    seen: SeenObject | undefined,
  ): Promise<boolean> {
    if (this.#objects.get(key)?.etag !== seen?.etag) return false
    const etag = createHash('md5').update(bytes).digest('hex')
    this.#objects.set(key, { bytes: new Uint8Array(bytes), metadata, etag })
    return true
  }

  async deleteIfSeen(key: string, { etag }: SeenObject): Promise<boolean> {
    const there = this.#objects.get(key)
    if (there !== undefined && there.etag !== etag) return false
    if (there !== undefined) this.#removed.set(key, there.bytes)
    this.#objects.delete(key)
    return true
  }

  /** The bytes of an object, as a test sees them. */
  bytesOf(key: string): Uint8Array | undefined {
    return this.#objects.get(key)?.bytes
  }

  /** The same, or what an object held when it was removed. */
  lastBytesOf(key: string): Uint8Array | undefined {
    return this.bytesOf(key) ?? this.#removed.get(key)
  }

  /** All objects, as a test sees them. */
  files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#objects].map(([key, { bytes }]) => [key, bytes]))
  }

  /** Adds an object that Millrace did not write. */
  plant(key: string, bytes: Uint8Array): void {
    this.#objects.set(key, { bytes, metadata: {}, etag: 'planted' })
  }
}
