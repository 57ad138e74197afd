import type { TableItem } from '../../base/table-item.ts'
import type { Sink } from '../../ports/sink.ts'
import {
  checkItemReplaceable,
  checkTableKey,
  type ItemStamp,
  latestOfEachKey,
  type StoredTableItem,
} from '../table-layout.ts'

/** A {@link Sink} of items that a test can inspect. */
export interface MemoryTable extends Sink<readonly TableItem[]> {
  /** All items, by key. */
  items(): ReadonlyMap<string, Partial<StoredTableItem>>
  /** Adds an item that Millrace did not write. */
  plant(item: Partial<StoredTableItem> & Pick<TableItem, 'key'>): void
}

/**
 * A {@link Sink} of items in the memory of this process. It puts items one by one, like a table of
 * DynamoDB.
 *
 * @example
 * ```ts
 * const table = memoryTable()
 * const fence = { app: 'a', generation: 1, epoch: 1 }
 * const batch = await table.open({ path: '1000', timeMs: 1_000 }, fence)
 * await batch.write(0, [{ key: 'to', value: 2 }])
 * await batch.finish()
 * console.log(table.items().get('to')?.value)
 * ```
 */
export const memoryTable = (): MemoryTable => {
  const stored = new Map<string, Partial<StoredTableItem>>()
  return {
    description: 'table in memory',
    isAtomic: false,
    async open({ timeMs }, { app, generation, epoch }) {
      const stamp: ItemStamp = { app, generation, epoch, batchTime: timeMs }
      return {
        async write(_, items): Promise<void> {
          for (const { key } of items) checkTableKey(key)
          for (const { key, value } of latestOfEachKey(items)) {
            const there = stored.get(key)
            if (there !== undefined) checkItemReplaceable(key, there, stamp)
            stored.set(key, { key, value: structuredClone(value), ...stamp })
          }
        },
        finish: async () => undefined,
        abandon: async () => undefined,
      }
    },
    items: () => new Map(stored),
    plant: (item) => void stored.set(item.key, item),
  }
}
