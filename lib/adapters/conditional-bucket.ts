/**
 * What outputs ask of a bucket, and what their objects say of themselves in metadata: which attempt
 * has written them, and a digest of their bytes.
 */
import { createHash } from 'node:crypto'
import type { Fence } from '../ports/fence.ts'
import { fenceIn } from './output-layout.ts'

/** An object as it was read. */
export interface SeenObject {
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
}

/** An object to write. */
export interface NewObject {
  readonly key: string
  readonly bytes: Uint8Array
  readonly metadata: Readonly<Record<string, string>>
}

/** A bucket with conditional writes. When a condition is not met, nothing is changed. */
export interface ConditionalBucket {
  /** All keys that begin with the prefix. */
  list(prefix: string): Promise<readonly string[]>
  head(key: string): Promise<SeenObject | undefined>
  /** The object with its bytes. */
  get(key: string): Promise<(SeenObject & { readonly bytes: Uint8Array }) | undefined>
  /** Writes the object if it is still the one that was seen, or still missing. */
  putIfSeen(object: NewObject, seen: SeenObject | undefined): Promise<boolean>
  /** Removes the object if it is still the one that was seen. Returns whether it is gone. */
  deleteIfSeen(key: string, seen: SeenObject): Promise<boolean>
}

const FENCE_METADATA = 'millrace-fence'
/** The name of the digest in metadata. */
export const DIGEST_METADATA = 'millrace-sha256'
/** Half of the digest: enough to tell parts of one batch apart, and names stay short. */
const DIGEST_LETTERS = 32

/** One directory, and the attempt that works on it. */
export interface ObjectPlace {
  readonly bucket: ConditionalBucket
  readonly path: string
  readonly directory: string
  readonly fence: Fence
}

/** The digest of bytes, as metadata have it. */
export const digestOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, DIGEST_LETTERS)

/** Metadata is ASCII. */
export const fenceMetadata = ({
  app,
  generation,
  epoch,
}: Fence): Readonly<Record<string, string>> => ({
  [FENCE_METADATA]: encodeURIComponent(JSON.stringify({ app, generation, epoch })),
})

const isPercentEncoded = (text: string): boolean => /^(?:[^%]|%[0-9A-F]{2})*$/i.test(text)

/** The fence of an object, as the text of a `_SUCCESS` file. */
export const fenceTextOf = ({ metadata }: SeenObject): Uint8Array | undefined => {
  const text = metadata[FENCE_METADATA]
  return text === undefined || !isPercentEncoded(text)
    ? undefined
    : Buffer.from(decodeURIComponent(text))
}

/** The fence under which an object was written; undefined if this application did not write it. */
export const ownFenceOf = (object: SeenObject, { app }: Fence): Fence | undefined => {
  const by = fenceIn(fenceTextOf(object) ?? new Uint8Array())
  return by?.app === app ? by : undefined
}
