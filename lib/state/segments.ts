/**
 * Immutable segments: state deltas, blocks, plans and manifests. A segment is written once, under a
 * name nobody else will use (the random id of the attempt is part of it), and is true from the
 * moment a head or a lane names it. Nothing here moves or overwrites.
 */
import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { asMillraceError, MillraceError } from '../base/errors.ts'
import { allOrFirstError } from '../base/all-or-first-error.ts'
import type { Item, ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import { segmentChunkKey } from './item-keys.ts'

/**
 * What a segment is called. `at` is the batch time or lane position it was made for, `by` the id of
 * the attempt that made it.
 */
export interface SegmentName {
  readonly node: string
  readonly part: number
  readonly at: string
  readonly by: string
}

/** A name with what is needed to read the segment and to know that it is whole. */
export interface SegmentRef extends SegmentName {
  readonly chunks: number
  /** How many bytes it has, and their checksum: as they are used, not as they are stored. */
  readonly bytes: number
  readonly checksum: number
}

/** How bytes are stored. */
type Codec = 'raw' | 'deflate'

/** Shorter ones are not worth it: an item takes a write unit for each KB. */
const DEFLATED_BYTES_MIN = 512

/**
 * The fastest level: a fifth of a typical block is left, at 100 MB a second; the best level leaves
 * a tenth less and takes three times as long.
 */
const compress = (bytes: Uint8Array): { readonly codec: Codec; readonly stored: Uint8Array } => {
  if (bytes.byteLength < DEFLATED_BYTES_MIN) return { codec: 'raw', stored: bytes }
  const stored = deflateRawSync(bytes, { level: constants.Z_BEST_SPEED })
  return stored.byteLength < bytes.byteLength
    ? { codec: 'deflate', stored }
    : { codec: 'raw', stored: bytes }
}

/** Room for the key, the names and the numbers of a chunk's item. */
const CHUNK_OVERHEAD_BYTES = 4_096

/** A segment that can be named already, and has yet to be written. */
export interface NamedSegment {
  readonly ref: SegmentRef
  readonly items: readonly KeyedItem[]
}

/** Gives bytes their name as a segment. */
export const nameSegment = (
  store: ItemStore,
  app: string,
  name: SegmentName,
  bytes: Uint8Array,
): NamedSegment => {
  const chunkBytes = store.itemBytesMax - CHUNK_OVERHEAD_BYTES
  const { codec, stored } = compress(bytes)
  const chunks = Math.max(1, Math.ceil(stored.byteLength / chunkBytes))
  const items = Array.from({ length: chunks }, (_, chunk): KeyedItem => ({
    ...segmentChunkKey(app, name, chunk),
    item: { bytes: stored.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes), chunks, codec },
  }))
  return { ref: { ...name, chunks, bytes: bytes.byteLength, checksum: crc32(bytes) }, items }
}

/** Writes a sealed segment. */
export const putSegment = async (store: ItemStore, { items }: NamedSegment): Promise<void> => {
  // The first chunk before the others, so that a sweep finds what a crash has left by looking for
  // first chunks only.
  await store.putAll(items.slice(0, 1))
  if (items.length > 1) await store.putAll(items.slice(1))
}

/**
 * Writes bytes as a segment. Nothing points at it yet: that is the caller's next step (B5:
 * immutable first, pointer second).
 */
export const writeSegment = async (
  store: ItemStore,
  app: string,
  name: SegmentName,
  bytes: Uint8Array,
): Promise<SegmentRef> => {
  const named = nameSegment(store, app, name, bytes)
  await putSegment(store, named)
  return named.ref
}

/** The items a segment consists of. */
export const segmentKeys = (
  app: string,
  ref: SegmentName & { readonly chunks: number },
): readonly ItemKey[] =>
  Array.from({ length: ref.chunks }, (_, chunk) => segmentChunkKey(app, ref, chunk))

/**
 * The bytes of a segment out of the items of its chunks.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when they cannot be inflated.
 */
export const segmentBytes = (chunks: readonly Item[]): Uint8Array => {
  const parts = chunks.map((item) => item['bytes'] as Uint8Array)
  const stored = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  if (chunks[0]?.['codec'] !== ('deflate' satisfies Codec)) return stored
  try {
    return inflateRawSync(stored)
  } catch (error) {
    throw asMillraceError(error, 'SEGMENT_CORRUPT', {
      problem: 'The stored bytes of a segment cannot be inflated',
    })
  }
}

/**
 * Reads a segment.
 *
 * @throws MillraceError `SEGMENT_MISSING` when a chunk is not there: look at the head again first,
 * since a moved head means that the caller is stale and not that data is lost (B11).
 * `SEGMENT_CORRUPT` when the bytes are not those that were written.
 */
export const readSegment = async (
  store: ItemStore,
  app: string,
  ref: SegmentRef,
): Promise<Uint8Array> => {
  const items = await allOrFirstError(segmentKeys(app, ref).map((key) => store.get(key)))
  const chunks = items.map((item) => {
    if (item?.['bytes'] instanceof Uint8Array) return item
    throw new MillraceError('SEGMENT_MISSING', {
      problem: `A segment of ${ref.node} is not in the store`,
      value: ref,
      fix: 'if nobody deleted it by hand, this is a bug: please report it',
    })
  })
  const bytes = segmentBytes(chunks)
  if (crc32(bytes) === ref.checksum) return bytes
  throw new MillraceError('SEGMENT_CORRUPT', {
    problem: `A segment of ${ref.node} does not match its checksum`,
    value: ref,
    fix: 'restore the store from a backup, or reset the application',
  })
}

/**
 * A reference without the node and the part, which whoever lists it knows: items that name many
 * segments stay small.
 */
export type PackedRef = readonly [
  at: string,
  by: string,
  chunks: number,
  bytes: number,
  checksum: number,
]

export const packRef = ({ at, by, chunks, bytes, checksum }: SegmentRef): PackedRef => [
  at,
  by,
  chunks,
  bytes,
  checksum,
]

export const unpackRef = (
  node: string,
  part: number,
  [at, by, chunks, bytes, checksum]: PackedRef,
): SegmentRef => ({
  node,
  part,
  at,
  by,
  chunks,
  bytes,
  checksum,
})

/** A text that is the same for the same segment, to compare and collect names. */
export const segmentId = ({ node, part, at, by }: SegmentName): string =>
  `${node}#${part}#${at}#${by}`
