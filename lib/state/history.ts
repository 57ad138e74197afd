/** Notes on batches, for people and pages to look at. Nothing depends on them. */
import type { Item, ItemStore } from '../ports/item-store.ts'
import { historyKey } from './item-keys.ts'

const KEPT_S = 7 * 86_400

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
