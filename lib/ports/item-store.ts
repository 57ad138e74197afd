/**
 * The one store of heads, lanes, segments, dead letters and history: a table of small items, as
 * DynamoDB has it. All durable truth goes through these six calls; the protocol needs no
 * transaction and no secondary index.
 */

/**
 * Where an item lives. Items of one partition are kept in the order of `sort`, compared by UTF-8
 * bytes.
 */
export interface ItemKey {
  readonly partition: string
  readonly sort: string
}

/** What one attribute may hold. An attribute that is `undefined` is not there. */
export type Attribute = string | number | boolean | Uint8Array | undefined

/** The attributes of an item, without its key. */
export type Item = Readonly<Record<string, Attribute>>

/**
 * The answer of a conditional write. `current` is the item as it stands when the write was refused
 * (undefined: there is none), so that a caller whose own write was applied and its answer lost can
 * recognise it.
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
  /** Only sort keys that start with this. Default: all. */
  readonly prefix?: string
  /** Only sort keys strictly after this one. Default: from the beginning. */
  readonly after?: string
  /** At most so many items. Default: all. */
  readonly limit?: number
}

/**
 * What an implementation promises:
 * - *Single items are linearizable.* A `get`, `query` or `compareAndSet` that starts after a write
 *   was acknowledged sees it.
 * - *Acknowledged is durable.* It survives the end of the process at any moment.
 * - *A failed call may have happened.* When a call rejects, its write was applied wholly or not at
 *   all, and the caller cannot know which;
 *   of `putAll` and `deleteAll` any subset of the items may have been written.
 * - *Bytes are the caller's.* An item given or returned is never changed by the store, and later
 *   changes by the caller do not reach it.
 *
 * What a caller must not do: put an item over {@link ItemStore.itemBytesMax} (rejects with
 * `ITEM_TOO_LARGE`, nothing is written), or use a number that is not finite, an empty partition or
 * an empty sort key.
 *
 * Errors: `STORE_FAILED` (retryable), `STORE_FULL`, `ITEM_TOO_LARGE`.
 */
export interface ItemStore {
  /**
   * The largest item it takes, key and attribute names counted, in bytes; see {@link itemBytes}.
   * DynamoDB: 409,600.
   */
  readonly itemBytesMax: number
  /**
   * The time of the newest answer by the store's own clock, epoch milliseconds, to a second or
   * better; not there, or undefined, where the store has no clock other than this process's.
   */
  readonly answeredMs?: () => number | undefined
  /** The item, or undefined. Strongly consistent. */
  get(key: ItemKey): Promise<Item | undefined>
  /**
   * The items of a partition in order of their sort keys. Strongly consistent item by item, not as
   * a snapshot.
   */
  query(partition: string, query?: Query): Promise<readonly KeyedItem[]>
  /**
   * Replaces the whole item if every attribute named in `seen` is stored with that very value
   * (`undefined`: is not stored), and, where `seen` is `'absent'`, if there is no item. Attributes
   * not named in `seen` are not compared; an item that is not there matches only `'absent'`, not
   * even a `seen` without attributes.
   */
  compareAndSet(key: ItemKey, seen: Item | 'absent', next: Item): Promise<Swap>
  /**
   * Writes the item whatever was there: for immutable items under names nobody else uses, and for
   * notes where the last one wins.
   */
  put(key: ItemKey, item: Item): Promise<void>
  /** `put` for many, in no particular order. */
  putAll(items: readonly KeyedItem[]): Promise<void>
  /** Removes items, in no particular order; one that is not there is no error. */
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
 * The limit that the adapters for laptops and tests take over from DynamoDB, so that nothing works
 * here and breaks there.
 */
export const DYNAMODB_ITEM_BYTES_MAX = 409_600
