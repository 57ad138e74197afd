/** A store in memory that counts what is read, and does what a table does with a TTL. */
import { memoryItemStore } from '../../lib/adapters/memory/memory-item-store.ts'
import { type Item, itemBytes, type ItemKey, type ItemStore } from '../../lib/ports/item-store.ts'

/** What was read since the last reset. */
export interface Reads {
  calls: number
  items: number
  bytes: number
}

interface Entry {
  readonly key: ItemKey
  readonly bytes: number
  readonly ttl: number
}

/** A store, and what can be known of it from outside. */
export interface MeteredStore extends ItemStore {
  readonly reads: Reads
  /** The largest item that was written since the last reset, and its partition. */
  readonly largest: { bytes: number; partition: string }
  reset(): void
  /** Removes items whose TTL is over. */
  expire(nowMs: number): Promise<void>
  /** The number of items, and their bytes, whose partition holds a text. */
  sizeOf(partition: string): { readonly items: number; readonly bytes: number }
}

const idOf = ({ partition, sort }: ItemKey): string => `${partition}\n${sort}`

/** Makes an empty store. Items count with their whole size, as DynamoDB counts them. */
export const meteredStore = (): MeteredStore => {
  const inner = memoryItemStore()
  const entries = new Map<string, Entry>()
  const expiring = new Map<string, Entry>()
  const reads: Reads = { calls: 0, items: 0, bytes: 0 }
  const largest = { bytes: 0, partition: '' }

  const wrote = (key: ItemKey, item: Item): void => {
    const ttl = Number(item['ttl'] ?? Infinity)
    const entry = { key, bytes: itemBytes(key, item), ttl }
    entries.set(idOf(key), entry)
    if (Number.isFinite(ttl)) expiring.set(idOf(key), entry)
    else expiring.delete(idOf(key))
    if (entry.bytes > largest.bytes)
      Object.assign(largest, { bytes: entry.bytes, partition: key.partition })
  }
  const removed = (keys: readonly ItemKey[]): void => {
    for (const key of keys) {
      entries.delete(idOf(key))
      expiring.delete(idOf(key))
    }
  }
  const read = (keys: readonly ItemKey[]): void => {
    reads.calls += 1
    reads.items += keys.length
    for (const key of keys) reads.bytes += entries.get(idOf(key))?.bytes ?? 0
  }

  return {
    itemBytesMax: inner.itemBytesMax,
    reads,
    largest,
    reset: () => {
      Object.assign(reads, { calls: 0, items: 0, bytes: 0 })
      Object.assign(largest, { bytes: 0, partition: '' })
    },
    get: async (key) => {
      read([key])
      return inner.get(key)
    },
    query: async (partition, asked) => {
      const found = await inner.query(partition, asked)
      read(found)
      return found
    },
    put: async (key, item) => {
      await inner.put(key, item)
      wrote(key, item)
    },
    putAll: async (items) => {
      await inner.putAll(items)
      for (const { item, ...key } of items) wrote(key, item)
    },
    compareAndSet: async (key, seen, next) => {
      const answer = await inner.compareAndSet(key, seen, next)
      if (answer.swapped) wrote(key, next)
      return answer
    },
    deleteAll: async (keys) => {
      await inner.deleteAll(keys)
      removed(keys)
    },
    expire: async (nowMs) => {
      const over = [...expiring.values()].filter(({ ttl }) => ttl * 1_000 < nowMs)
      const keys = over.map(({ key }) => key)
      await inner.deleteAll(keys)
      removed(keys)
    },
    sizeOf: (partition) => {
      const found = [...entries.values()].filter(({ key }) => key.partition.includes(partition))
      return { items: found.length, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) }
    },
  }
}
