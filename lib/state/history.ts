/** Notes on batches, for people and pages to look at. Nothing depends on them. */
import type { Item, ItemStore } from '../ports/item-store.ts'
import { historyKey } from './item-keys.ts'
import type { BatchInput } from '../runtime/driver/batch-input.ts'

const KEPT_S = 7 * 86_400

/** What all slices of a plan have of something together. */
export const totalOf = ({ slices }: BatchInput, field: 'records' | 'bytes' | 'objects'): number =>
  Object.values(slices).reduce((total, slice) => total + slice[field], 0)

/** Notes a batch for a week. Best effort: the batch is true without it. */
export const noteBatch = async (
  store: ItemStore,
  app: string,
  timeMs: number,
  note: Item,
): Promise<void> => {
  try {
    await store.put(historyKey(app, timeMs), {
      timeMs,
      ...note,
      ttl: Math.floor(timeMs / 1_000) + KEPT_S,
    })
  } catch {
    // Whoever looks finds one batch less.
  }
}
