/**
 * Writes the history: one put for each committed batch, after its commit. Attempts that fail and
 * batches that are skipped cost one more each.
 *
 * A failed attempt has an item of its own. So a process that was frozen cannot write its failure
 * over the record of a batch that another process has completed meanwhile.
 */
import type { ItemStore } from '../../ports/item-store.ts'
import { attemptKey, historyKey } from '../item-keys.ts'
import type { BatchRecord } from './batch-record.ts'
import { recordItem } from './record-form.ts'

const KEPT_S = 7 * 86_400

/**
 * Keeps a record for a week. Best effort: the batch is true without it, and nothing that goes wrong
 * here, also where the record is made, may fail an attempt that is committed.
 */
export const noteBatch = async (
  store: ItemStore,
  app: string,
  make: () => BatchRecord,
): Promise<void> => {
  try {
    const record = make()
    const { timeMs, attempt, status } = record
    const isBatch = status !== 'failed' && attempt > 0
    const key = isBatch ? historyKey(app, timeMs) : attemptKey(app, timeMs, attempt)
    await store.put(key, recordItem(key, record, Math.floor(timeMs / 1_000) + KEPT_S))
  } catch {
    // The history lacks one batch, which is harmless.
  }
}
