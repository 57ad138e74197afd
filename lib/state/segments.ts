/**
 * Immutable segments: state deltas, blocks, plans and manifests. A segment is written once, under a name nobody else will use (the random
 * id of the attempt is part of it), and is true from the moment a head or a lane names it. Nothing here moves or overwrites.
 */
import { crc32 } from 'node:zlib'

import { MillraceError } from '../base/errors.ts'
import { together } from '../base/together.ts'
import type { ItemKey, ItemStore, KeyedItem } from '../ports/item-store.ts'
import { segmentChunkKey } from './item-keys.ts'

/** What a segment is called. `at` is the batch time or lane position it was made for, `by` the id of the attempt that made it. */
export interface SegmentName {
  readonly node: string
  readonly part: number
  readonly at: string
  readonly by: string
}

/** A name with what is needed to read the segment and to know that it is whole. */
export interface SegmentRef extends SegmentName {
  readonly chunks: number
  readonly bytes: number
  readonly checksum: number
}

/** Room for the key, the names and the numbers of a chunk's item. */
const CHUNK_OVERHEAD_BYTES = 4_096

/** Writes bytes as a segment. Nothing points at it yet: that is the caller's next step (B5: immutable first, pointer second). */
export const writeSegment = async (store: ItemStore, app: string, name: SegmentName, bytes: Uint8Array): Promise<SegmentRef> => {
  const chunkBytes = store.itemBytesMax - CHUNK_OVERHEAD_BYTES
  const chunks = Math.max(1, Math.ceil(bytes.byteLength / chunkBytes))
  const items: KeyedItem[] = Array.from({ length: chunks }, (_, chunk) => ({
    ...segmentChunkKey(app, name, chunk),
    item: { bytes: bytes.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes), chunks, codec: 'raw' },
  }))
  // The first chunk before the others, so that a sweep finds what a crash has left by looking for first chunks only.
  await store.putAll(items.slice(0, 1))
  if (chunks > 1) await store.putAll(items.slice(1))
  return { ...name, chunks, bytes: bytes.byteLength, checksum: crc32(bytes) }
}

/** The items a segment consists of. */
export const segmentKeys = (app: string, ref: SegmentName & { readonly chunks: number }): readonly ItemKey[] =>
  Array.from({ length: ref.chunks }, (_, chunk) => segmentChunkKey(app, ref, chunk))

/**
 * Reads a segment.
 *
 * @throws MillraceError `SEGMENT_MISSING` when a chunk is not there: look at the head again first, since a moved head means that the caller
 * is stale and not that data is lost (B11). `SEGMENT_CORRUPT` when the bytes are not those that were written.
 */
export const readSegment = async (store: ItemStore, app: string, ref: SegmentRef): Promise<Uint8Array> => {
  const items = await together(segmentKeys(app, ref).map((key) => store.get(key)))
  const chunks = items.map((item) => {
    if (item?.['bytes'] instanceof Uint8Array) return item['bytes']
    throw new MillraceError('SEGMENT_MISSING', {
      problem: `A segment of ${ref.node} is not in the store`,
      value: ref,
      fix: 'if nobody deleted it by hand, this is a bug: please report it',
    })
  })
  const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
  if (crc32(bytes) === ref.checksum) return bytes
  throw new MillraceError('SEGMENT_CORRUPT', {
    problem: `A segment of ${ref.node} does not match its checksum`,
    value: ref,
    fix: 'restore the store from a backup, or reset the application',
  })
}

/** A text that is the same for the same segment, to compare and collect names. */
export const segmentId = ({ node, part, at, by }: SegmentName): string => `${node}#${part}#${at}#${by}`
