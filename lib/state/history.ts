/** History: notes on batches, for users and status pages. Nothing depends on them. */
import type { Item, ItemStore } from '../ports/item-store.ts'
import { historyKey } from './item-keys.ts'

const KEPT_S = 7 * 86_400

/** Keeps a note on a batch for a week. Best effort: the batch is true without the note. */
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
    // The history lacks one batch, which is harmless.
  }
}
