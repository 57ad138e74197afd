/**
 * The only store of heads, lanes, segments, dead letters and history: a table of small items, like
 * a table of DynamoDB. All durable state is read and written by these six calls. The protocol needs
 * no transaction and no secondary index.
 */

/**
 * The key of an item. Items of one partition are in the order of `sort`, compared by UTF-8 bytes.
 */
export interface ItemKey {
  readonly partition: string
  readonly sort: string
}

/** The value of one attribute. An attribute that is `undefined` does not exist. */
export type Attribute = string | number | boolean | Uint8Array | undefined

/** The attributes of an item, without its key. */
export type Item = Readonly<Record<string, Attribute>>

/**
 * The answer of a conditional write. When the write was refused, `current` is the stored item
 * (undefined: there is no item). So a caller can recognise its own write when that write was
 * applied but its answer was lost.
 */
export type Swap =
  | { readonly swapped: true }
  | { readonly swapped: false; readonly current: Item | undefined }

/** An item with its key. */
export interface KeyedItem extends ItemKey {
  readonly item: Item
}

/** Which items of a partition to read. */
export interface Query {
  /** Only sort keys that begin with this. Default: all. */
  readonly prefix?: string
  /** Only sort keys strictly after this one. Default: from the beginning. */
  readonly after?: string
  /** The last items first. Not together with `prefix` and `after`. Default: ascending order. */
  readonly isDescending?: true
  /** With `isDescending`: only sort keys strictly before this one. Default: from the end. */
  readonly before?: string
  /** The largest number of items. Default: all. */
  readonly limit?: number
  /**
   * Only these attributes of each item. Bytes that are not named are not moved, wherever they are
   * stored. Default: all.
   */
  readonly attributes?: readonly string[]
}

/**
 * What an implementation promises:
 * - *Single items are linearizable.* A `get`, `query` or `compareAndSet` that starts after a write
 *   was acknowledged sees it.
 * - *Acknowledged is durable.* An acknowledged write survives the end of the process at any moment.
 * - *A failed call may have happened.* When a call rejects, its write was applied wholly or not at
 *   all, and the caller cannot know which. A rejected `putAll` or `deleteAll` may have written any
 *   subset of the items.
 * - *Bytes belong to the caller.* The store never changes an item that it takes or returns, and
 *   later changes by the caller do not reach the store.
 * - *Only a `ttl` removes.* An item whose number `ttl` is over (epoch seconds) may be removed at
 *   any later time, or stay for days. Without one it stays until it is deleted.
 *
 * What a caller must not do: put an item larger than {@link ItemStore.itemBytesMax} (rejects with
 * `ITEM_TOO_LARGE`, nothing is written), or use a number that is not finite, an empty partition or
 * an empty sort key.
 *
 * Errors: `STORE_FAILED` (retryable), `STORE_FULL`, `ITEM_TOO_LARGE`.
 */
export interface ItemStore {
  /**
   * The size of the largest item, in bytes, including its key and the names of its attributes; see
   * {@link itemBytes}. DynamoDB: 409,600.
   */
  readonly itemBytesMax: number
  /**
   * The time of the newest answer by the store's own clock, in epoch milliseconds, to a second or
   * better. Missing or undefined if the only clock of the store is the clock of this process.
   */
  readonly answeredMs?: () => number | undefined
  /** The item, or undefined. Strongly consistent. */
  get(key: ItemKey): Promise<Item | undefined>
  /**
   * The items of a partition in the order of their sort keys. Each item is strongly consistent; the
   * result as a whole is not a snapshot.
   */
  query(partition: string, query?: Query): Promise<readonly KeyedItem[]>
  /**
   * Replaces the whole item under a condition. If `seen` is `'absent'`, the condition is that the
   * item does not exist. Otherwise the item must exist, and every attribute named in `seen` must be
   * stored with that exact value (`undefined`: must not be stored). Attributes not named in `seen`
   * are not compared. A missing item matches only `'absent'`, not even a `seen` without attributes.
   */
  compareAndSet(key: ItemKey, seen: Item | 'absent', next: Item): Promise<Swap>
  /**
   * Writes the item; replaces an existing one. For immutable items whose name no other writer uses,
   * and for notes where the last write wins.
   */
  put(key: ItemKey, item: Item): Promise<void>
  /** `put` for many items, in no particular order. */
  putAll(items: readonly KeyedItem[]): Promise<void>
  /** Removes items, in no particular order. A missing item is not an error. */
  deleteAll(keys: readonly ItemKey[]): Promise<void>
}

const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8')

const attributeBytes = (value: Attribute): number => {
  if (typeof value === 'string') return utf8Length(value)
  if (value instanceof Uint8Array) return value.byteLength
  // DynamoDB counts a number by its digits, at most 21 bytes, and a boolean as one byte.
  return typeof value === 'number' ? 21 : 1
}

/**
 * The size of an item as DynamoDB counts it: names and values in UTF-8 bytes, numbers at their
 * largest.
 *
 * Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats".
 */
export const itemBytes = (key: ItemKey, item: Item): number => {
  let total = utf8Length(key.partition) + utf8Length(key.sort) + 4
  for (const [name, value] of Object.entries(item))
    if (value !== undefined) total += utf8Length(name) + attributeBytes(value)
  return total
}

/**
 * The limit of DynamoDB. The adapters for local runs and tests use it too, so that an item that
 * fits there also fits on AWS.
 */
export const DYNAMODB_ITEM_BYTES_MAX = 409_600
