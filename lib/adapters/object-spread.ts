/** The files of a committed batch in a bucket: see spread-files.ts. */
import { mapAtOnce } from '../base/concurrency.ts'
import { MillraceError } from '../base/errors.ts'
import { isOlderFence } from '../ports/fence.ts'
import {
  DIGEST_METADATA,
  digestOf,
  fenceMetadata,
  fenceTextOf,
  type ObjectPlace,
  ownFenceOf,
  type SeenObject,
} from './conditional-bucket.ts'
import { checkReplaceable, SUCCESS_FILE } from './output-layout.ts'
import { type SpreadBatch, spreadFiles, type SpreadPlace } from './spread-files.ts'

/** What is known before. */
interface Known {
  /** The beginning of all keys. */
  readonly prefix: string
  /** Whether another attempt at the batch was seen. */
  readonly others: boolean
}

const TRIES_MAX = 20
const CALLS_AT_ONCE = 16

/**
 * A file has the fence and the digest of its bytes in its metadata. If nothing of another attempt
 * was seen, `_SUCCESS` is not looked for: a bundle takes a GET, each of its files a PUT, then
 * `_SUCCESS` is put, and the bundle deleted.
 */
export const spreadObjects = (
  place: ObjectPlace,
  batch: SpreadBatch,
  known: Known,
): Promise<void> => spreadFiles(new ObjectSpread(place, known), batch)

class ObjectSpread implements SpreadPlace {
  readonly #place: ObjectPlace
  readonly #prefix: string
  readonly #bundles = new Map<string, SeenObject>()
  readonly #others: boolean
  #asked = 0
  #success: SeenObject | undefined

  constructor(place: ObjectPlace, { prefix, others }: Known) {
    this.#place = place
    this.#prefix = prefix
    this.#others = others
  }

  async bundle(name: string): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(name)
    const there = await this.#place.bucket.get(key)
    if (there === undefined) return undefined
    this.#bundles.set(key, { etag: there.etag, metadata: there.metadata })
    return there.bytes
  }

  async create(path: string, bytes: Uint8Array): Promise<void> {
    const { bucket, fence } = this.#place
    const key = this.#prefix + path
    const metadata = this.#metadataOf(bytes)
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      if (await bucket.putIfSeen({ key, bytes, metadata }, undefined)) return
      const there = await bucket.head(key)
      if (there === undefined) continue
      const by = ownFenceOf(there, fence)
      if (by === undefined || isOlderFence(fence, by))
        checkReplaceable(path, fenceTextOf(there), fence)
      if (there.metadata[DIGEST_METADATA] === metadata[DIGEST_METADATA]) return
      // Its bytes differ, so no condition can take the new object for it.
      await bucket.deleteIfSeen(key, there)
    }
    throw new MillraceError('OUTPUT_FAILED', {
      problem: 'Something else writes a file of this output',
      value: key,
      fix: 'let no other program write there; it is tried again',
      retryable: true,
    })
  }

  async remove(path: string): Promise<void> {
    const { bucket, fence } = this.#place
    const key = this.#prefix + path
    const there = await bucket.head(key)
    const by = there === undefined ? undefined : ownFenceOf(there, fence)
    if (there !== undefined && by !== undefined && isOlderFence(by, fence))
      await bucket.deleteIfSeen(key, there)
  }

  async success(): Promise<Uint8Array | undefined> {
    this.#asked += 1
    if (!this.#mayBeOthers()) return undefined
    const there = await this.#place.bucket.get(this.#keyOf(SUCCESS_FILE))
    this.#success = there
    return there?.bytes
  }

  succeed(bytes: Uint8Array): Promise<boolean> {
    const object = { key: this.#keyOf(SUCCESS_FILE), bytes, metadata: this.#metadataOf(bytes) }
    return this.#place.bucket.putIfSeen(object, this.#success)
  }

  async clear(): Promise<void> {
    const { bucket, directory } = this.#place
    if (this.#mayBeOthers())
      for (const key of await bucket.list(`${directory}/`))
        if (key !== this.#keyOf(SUCCESS_FILE) && !this.#bundles.has(key)) await this.#find(key)
    await mapAtOnce([...this.#bundles], CALLS_AT_ONCE, ([key, seen]) =>
      bucket.deleteIfSeen(key, seen),
    )
  }

  /** It is asked a second time only when something was there after all. */
  #mayBeOthers(): boolean {
    return this.#others || this.#asked > 1
  }

  /** What another attempt has left. */
  async #find(key: string): Promise<void> {
    const there = await this.#place.bucket.head(key)
    if (there !== undefined && ownFenceOf(there, this.#place.fence) !== undefined)
      this.#bundles.set(key, there)
  }

  #keyOf(name: string): string {
    return `${this.#place.directory}/${name}`
  }

  #metadataOf(bytes: Uint8Array): Readonly<Record<string, string>> {
    return { ...fenceMetadata(this.#place.fence), [DIGEST_METADATA]: digestOf(bytes) }
  }
}
