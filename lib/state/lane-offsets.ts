/**
 * The lane offsets of a head. A head with few lanes holds them itself, so that intake and status
 * read one item. With thousands of lanes they would not fit into it, and every write of the head
 * would write them all: then only the manifest has them, which the head names.
 */
import type { ItemStore } from '../ports/item-store.ts'
import type { Head, LaneOffsetsBySource } from './head.ts'
import { type Manifest, readManifest } from './manifest.ts'
import type { OffsetsBySource } from './offsets.ts'

/**
 * A head holds lane offsets up to this size, and up to a share of the largest item. So it costs one
 * read unit: every call of intake reads it, and every batch writes it twice.
 */
const INLINE_BYTES_MAX = 3 * 1024
const INLINE_SHARE_MAX = 1 / 8

/** The lane offsets among all offsets. */
export const laneOffsetsIn = (offsets: OffsetsBySource): LaneOffsetsBySource =>
  Object.fromEntries(
    Object.entries(offsets).flatMap(([source, { lanes }]) =>
      lanes === undefined ? [] : [[source, lanes] as const],
    ),
  )

/** The lane offsets that a head holds itself. Undefined: only its manifest has them. */
export const laneOffsetsForHead = (
  { itemBytesMax }: Pick<ItemStore, 'itemBytesMax'>,
  { offsets }: Pick<Manifest, 'offsets'>,
): LaneOffsetsBySource | undefined => {
  const lanes = laneOffsetsIn(offsets)
  const bytesMax = Math.min(INLINE_BYTES_MAX, itemBytesMax * INLINE_SHARE_MAX)
  return Buffer.byteLength(JSON.stringify(lanes)) <= bytesMax ? lanes : undefined
}

/**
 * Reads the lane offsets of a head.
 *
 * @throws MillraceError the errors of `readSegment`.
 */
export const readLaneOffsets = async (
  store: ItemStore,
  app: string,
  { offsets, manifest }: Pick<Head, 'offsets' | 'manifest'>,
): Promise<LaneOffsetsBySource> => {
  if (offsets !== undefined || manifest === undefined) return offsets ?? {}
  return laneOffsetsIn((await readManifest(store, app, manifest)).offsets)
}
