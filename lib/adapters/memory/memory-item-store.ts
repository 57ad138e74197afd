import { MillraceError } from '../../base/errors.ts'
import {
  type Attribute,
  DYNAMODB_ITEM_BYTES_MAX,
  type Item,
  itemBytes,
  type ItemKey,
  type ItemStore,
  type KeyedItem,
  type Query,
  type Swap,
} from '../../ports/item-store.ts'

const compareBytes = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b))

const sameAttribute = (a: Attribute, b: Attribute): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) === 0 : a === b

/**
 * Whether every attribute named in `seen` is stored with that exact value: the condition of
 * `compareAndSet`.
 */
export const matchesSeen = (current: Item | undefined, seen: Item | 'absent'): boolean => {
  if (seen === 'absent' || current === undefined) return seen === 'absent' && current === undefined
  return Object.entries(seen).every(([name, value]) =>
    sameAttribute(Object.hasOwn(current, name) ? current[name] : undefined, value),
  )
}

/** The attributes that a query names. */
export const onlyNamed = (item: Item, attributes: Query['attributes']): Item =>
  attributes === undefined
    ? item
    : Object.fromEntries(Object.entries(item).filter(([name]) => attributes.includes(name)))

const copyOf = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, value instanceof Uint8Array ? new Uint8Array(value) : value]],
    ),
  )

/**
 * An {@link ItemStore} in the memory of this process, for tests, simulations and runs whose state
 * is not kept.
 *
 * @param options `itemBytesMax`: the size of the largest item in bytes; default 409,600, as
 * DynamoDB.
 * @example
 * ```ts
 * const store = memoryItemStore()
 * await store.put({ partition: 'p', sort: 's' }, { n: 1 })
 * ```
 */
export const memoryItemStore = ({
  itemBytesMax = DYNAMODB_ITEM_BYTES_MAX,
}: { readonly itemBytesMax?: number } = {}): ItemStore => {
  const partitions = new Map<string, Map<string, Item>>()

  const check = (key: ItemKey, item: Item): void => {
    const size = itemBytes(key, item)
    if (size > itemBytesMax)
      throw new MillraceError('ITEM_TOO_LARGE', {
        problem: `An item of ${size} bytes is too large to store`,
        value: key,
        allowed: `${itemBytesMax} bytes`,
      })
  }
  const write = (key: ItemKey, item: Item): void => {
    check(key, item)
    const items = partitions.get(key.partition) ?? new Map<string, Item>()
    partitions.set(key.partition, items.set(key.sort, copyOf(item)))
  }
  const read = (key: ItemKey): Item | undefined => partitions.get(key.partition)?.get(key.sort)

  return {
    itemBytesMax,
    async get(key: ItemKey): Promise<Item | undefined> {
      const item = read(key)
      return item === undefined ? undefined : copyOf(item)
    },
    async query(
      partition: string,
      {
        prefix = '',
        after = '',
        before = '',
        isDescending,
        limit = Infinity,
        attributes,
      }: Query = {},
    ): Promise<readonly KeyedItem[]> {
      const items = [...(partitions.get(partition) ?? [])].filter(
        ([sort]) =>
          sort.startsWith(prefix) &&
          (after === '' || compareBytes(sort, after) > 0) &&
          (before === '' || compareBytes(sort, before) < 0),
      )
      items.sort(([a], [b]) => compareBytes(a, b))
      if (isDescending === true) items.reverse()
      return items
        .slice(0, limit)
        .map(([sort, item]) => ({ partition, sort, item: copyOf(onlyNamed(item, attributes)) }))
    },
    async compareAndSet(key: ItemKey, seen: Item | 'absent', next: Item): Promise<Swap> {
      const current = read(key)
      if (!matchesSeen(current, seen))
        return { swapped: false, current: current === undefined ? undefined : copyOf(current) }
      write(key, next)
      return { swapped: true }
    },
    async put(key: ItemKey, item: Item): Promise<void> {
      write(key, item)
    },
    async putAll(items: readonly KeyedItem[]): Promise<void> {
      for (const { partition, sort, item } of items) check({ partition, sort }, item)
      for (const { partition, sort, item } of items) write({ partition, sort }, item)
    },
    async deleteAll(keys: readonly ItemKey[]): Promise<void> {
      for (const { partition, sort } of keys) partitions.get(partition)?.delete(sort)
    },
  }
}
