/**
 * Items whose larger values of `bytes` are stored in a blob store. DynamoDB charges a write unit
 * for each KB, a bucket one request for any size.
 *
 * - *Put: blob first, item second.* An item that names a blob was written after it. A crash between
 *   the two leaves a blob that no item names.
 * - *Delete: item first, blob second*, for the same reason.
 * - *If a blob is missing*, the item has no attribute `bytes`, so the code that reads segments
 *   reports `SEGMENT_MISSING` (B11).
 *
 * The name of a blob follows from the key, so a delete needs no read. `put` is for items that are
 * never overwritten, or whose last write wins: two such writes at the same time may leave the bytes
 * of one with the other attributes of the other. `compareAndSet` keeps everything in the item,
 * because a blob cannot be written under the same condition.
 */
import { mapAtOnce } from '../base/concurrency.ts'
import { namePart } from '../base/name-part.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Item, ItemKey, ItemStore, KeyedItem, Query, Swap } from '../ports/item-store.ts'
import { itemBytes } from '../ports/item-store.ts'
import { MillraceError } from '../base/errors.ts'

/** How bytes are divided between the two stores. */
export interface BlobOptions {
  /**
   * Only values larger than this, in bytes, go into a blob. Default 8,192: one request to a bucket
   * costs as much as it costs to write this size to DynamoDB.
   */
  readonly aboveBytes?: number
  /**
   * Which partitions may have blobs. A delete in any other partition looks for no blob. Default:
   * all.
   */
  readonly isBlobPartition?: (partition: string) => boolean
}

const ABOVE_BYTES = 8_192
/** The attribute that replaces the bytes in an item: their size. */
const MARKER = 'bytes~blob'
const READS_AT_ONCE = 32

/** The name of the blob of an item. */
export const blobName = ({ partition, sort }: ItemKey): string =>
  `${namePart(partition)}/${namePart(sort)}`

const bytesAbove = (item: Item, aboveBytes: number): Uint8Array | undefined => {
  const { bytes } = item
  return bytes instanceof Uint8Array && bytes.byteLength > aboveBytes ? bytes : undefined
}

/** A query that names the bytes also needs their marker. One that does not reads no blob. */
const withMarker = (query: Query | undefined): Query | undefined =>
  query?.attributes?.includes('bytes') === true
    ? { ...query, attributes: [...query.attributes, MARKER] }
    : query

/**
 * An {@link ItemStore} over two stores: an item whose attribute `bytes` is above a size keeps it in
 * a blob.
 *
 * @example
 * ```ts
 * const store = withBlobs(memoryItemStore(), memoryBlobStore())
 * await store.put({ partition: 'p', sort: 's' }, { bytes: new Uint8Array(100_000) })
 * ```
 */
export const withBlobs = (
  items: ItemStore,
  blobs: BlobStore,
  { aboveBytes = ABOVE_BYTES, isBlobPartition = () => true }: BlobOptions = {},
): ItemStore => {
  const { answeredMs, itemBytesMax } = items

  const checkSize = ({ partition, sort, item }: KeyedItem): void => {
    const size = itemBytes({ partition, sort }, item)
    if (size <= itemBytesMax) return
    // The size of the whole item: an item that fits here must fit in every store.
    throw new MillraceError('ITEM_TOO_LARGE', {
      problem: `An item of ${size} bytes is too large to store`,
      value: { partition, sort },
      allowed: `${itemBytesMax} bytes`,
    })
  }
  const split = async (keyed: KeyedItem): Promise<KeyedItem> => {
    const bytes = isBlobPartition(keyed.partition) ? bytesAbove(keyed.item, aboveBytes) : undefined
    if (bytes === undefined) return keyed
    await blobs.put(blobName(keyed), bytes)
    return { ...keyed, item: { ...keyed.item, bytes: undefined, [MARKER]: bytes.byteLength } }
  }
  const whole = async (key: ItemKey, stored: Item): Promise<Item> => {
    const { [MARKER]: length, ...item } = stored
    if (typeof length !== 'number') return stored
    const bytes = await blobs.get(blobName(key))
    return bytes?.byteLength === length ? { ...item, bytes } : item
  }
  const putAll = async (given: readonly KeyedItem[]): Promise<void> => {
    given.forEach(checkSize)
    await items.putAll(await mapAtOnce(given, READS_AT_ONCE, split))
  }

  return {
    itemBytesMax,
    ...(answeredMs === undefined ? {} : { answeredMs }),
    async get(key: ItemKey): Promise<Item | undefined> {
      const stored = await items.get(key)
      return stored === undefined ? undefined : whole(key, stored)
    },
    async query(partition: string, query?: Query): Promise<readonly KeyedItem[]> {
      const found = await items.query(partition, withMarker(query))
      return mapAtOnce(found, READS_AT_ONCE, async (keyed) => ({
        ...keyed,
        item: await whole(keyed, keyed.item),
      }))
    },
    async compareAndSet(key: ItemKey, seen: Item | 'absent', next: Item): Promise<Swap> {
      const swap = await items.compareAndSet(key, seen, next)
      if (swap.swapped || swap.current === undefined) return swap
      return { swapped: false, current: await whole(key, swap.current) }
    },
    async put(key: ItemKey, item: Item): Promise<void> {
      const keyed = { partition: key.partition, sort: key.sort, item }
      checkSize(keyed)
      await items.put(key, (await split(keyed)).item)
    },
    putAll,
    async deleteAll(keys: readonly ItemKey[]): Promise<void> {
      await items.deleteAll(keys)
      const named = keys.filter(({ partition }) => isBlobPartition(partition)).map(blobName)
      if (named.length > 0) await blobs.deleteAll(named)
    },
  }
}
