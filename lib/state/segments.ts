/**
 * Immutable segments: state deltas, panes, blocks, batch inputs and manifests. A segment is written
 * once, under a unique name: the random id of the attempt is part of the name. The segment is true
 * as soon as a head or a lane names it. Code in this file never moves or overwrites a segment.
 */
import { kMaxLength } from 'node:buffer'
import { constants, crc32, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { asMillraceError, MillraceError } from '../base/errors.ts'
import { allOrFirstError } from '../base/concurrency.ts'
import type { Item, ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import { segmentChunkKey } from './item-keys.ts'

/**
 * The name of a segment. `at`: the batch time or lane position of its content. `by`: the id of the
 * attempt that made it.
 */
export interface SegmentName {
  readonly node: string
  readonly part: number
  readonly at: string
  readonly by: string
}

/** A segment name, with the number of items that hold the segment. */
export interface StoredName extends SegmentName {
  readonly chunks: number
}

/** The same, with what a reader needs to check that the segment is complete. */
export interface SegmentRef extends StoredName {
  /** Number of bytes before compression. `checksum` is over the same bytes. */
  readonly bytes: number
  readonly checksum: number
}

/** How bytes are stored. `deflate`: written by earlier versions, and read for ever. */
type Codec = 'raw' | 'deflate' | 'zstd'

/**
 * Smaller segments are stored raw. Compression gains little there: an item takes a write unit for
 * each KB.
 */
const COMPRESSED_BYTES_MIN = 512

/**
 * The level that is the default of zstd. It is faster than deflate at its fastest level, and its
 * result is smaller. Higher levels take twice the time and more, for a few percent.
 */
const PARAMS = { [constants.ZSTD_c_compressionLevel]: 3 }

const compress = (bytes: Uint8Array): { readonly codec: Codec; readonly stored: Uint8Array } => {
  if (bytes.byteLength < COMPRESSED_BYTES_MIN) return { codec: 'raw', stored: bytes }
  const stored = zstdCompressSync(bytes, { params: PARAMS })
  return stored.byteLength < bytes.byteLength
    ? { codec: 'zstd', stored }
    : { codec: 'raw', stored: bytes }
}

/** Room for the key, the names and the numbers in the item of a chunk. */
const CHUNK_OVERHEAD_BYTES = 4_096

/** A segment that has a name already, but is not written yet. */
export interface NamedSegment {
  readonly ref: SegmentRef
  readonly items: readonly KeyedItem[]
}

/** Names bytes as a segment. */
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

/**
 * Names bytes as a segment of the running batch. All segments of the batch are written together.
 */
export type NameSegment = (bytes: Uint8Array) => SegmentRef

/** Reads a segment. */
export type ReadSegment = (ref: SegmentRef) => Promise<Uint8Array>

/** Writes a named segment. */
export const putSegment = async (store: ItemStore, { items }: NamedSegment): Promise<void> => {
  // The first chunk goes before the others. So a sweep finds what a crash left by reading first
  // chunks only.
  await store.putAll(items.slice(0, 1))
  if (items.length > 1) await store.putAll(items.slice(1))
}

/**
 * Writes bytes as a segment. Nothing names the segment yet: that is the next step of the caller
 * (B5: immutable first, pointer second).
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

/** The keys of the items that hold a segment. */
export const segmentKeys = (app: string, ref: StoredName): readonly ItemKey[] =>
  Array.from({ length: ref.chunks }, (_, chunk) => segmentChunkKey(app, ref, chunk))

const decompress = (codec: unknown, stored: Uint8Array, most: number): Uint8Array => {
  const maxOutputLength = Math.max(1, most)
  switch (codec) {
    case 'zstd' satisfies Codec:
      return zstdDecompressSync(stored, { maxOutputLength })
    case 'deflate' satisfies Codec:
      return inflateRawSync(stored, { maxOutputLength })
    case 'raw' satisfies Codec:
      return stored
    default:
      throw new MillraceError('SEGMENT_CORRUPT', {
        problem: 'A segment is compressed in a way that this version does not know',
        value: codec,
        fix: 'use the version that wrote the store',
      })
  }
}

/**
 * Joins the chunks of a segment and decompresses the result. `most`: how many bytes it has. Damaged
 * bytes never become more.
 *
 * @throws MillraceError `SEGMENT_CORRUPT` when the bytes cannot be decompressed.
 */
export const segmentBytes = (chunks: readonly Item[], most: number = kMaxLength): Uint8Array => {
  const parts = chunks.map((item) => item['bytes'] as Uint8Array)
  const stored = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  try {
    return decompress(chunks[0]?.['codec'], stored, most)
  } catch (error) {
    throw asMillraceError(error, 'SEGMENT_CORRUPT', {
      problem: 'The stored bytes of a segment cannot be decompressed',
    })
  }
}

/**
 * Reads a segment.
 *
 * @throws MillraceError `SEGMENT_MISSING` when a chunk is not there. The caller must first read the
 * head again: if the head has moved, the caller is stale and no data is lost (B11).
 * `SEGMENT_CORRUPT` when the bytes are not the bytes that were written.
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
      fix: 'if nobody deleted the segment by hand, this is a bug: please report it',
    })
  })
  const bytes = segmentBytes(chunks, ref.bytes)
  if (crc32(bytes) === ref.checksum) return bytes
  throw new MillraceError('SEGMENT_CORRUPT', {
    problem: `A segment of ${ref.node} does not match its checksum`,
    value: ref,
    fix: 'restore the store from a backup, or reset the application',
  })
}

/**
 * A reference without the node and the part: the list that contains the reference knows both. So
 * items that name many segments stay small.
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

/** A string that identifies a segment, to compare and collect names. */
export const segmentId = ({ node, part, at, by }: SegmentName): string =>
  `${node}#${part}#${at}#${by}`
