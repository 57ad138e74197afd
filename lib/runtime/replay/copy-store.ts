/** The two stores of a replay: the one that it reads, and the copy that it writes. */
import { MillraceError } from '../../base/errors.ts'
import type { ItemKey, ItemStore } from '../../ports/item-store.ts'
import { ledgerKey } from '../../state/item-keys.ts'
import { segmentKeys, type SegmentRef } from '../../state/segments.ts'

/** The store of an application, for reading. A write is a bug, and rejects. */
export const readOnlyStore = (store: ItemStore): ItemStore => {
  const refuse = async (): Promise<never> => {
    throw new MillraceError('INVARIANT_BROKEN', {
      problem: 'A replay would write to the application that it reads',
      fix: 'this is a bug in Millrace: please report it',
    })
  }
  return {
    ...store,
    compareAndSet: refuse,
    put: refuse,
    putAll: refuse,
    deleteAll: refuse,
  }
}

/**
 * The copy, as the batches see it. What an earlier batch has taken is in the ledgers of the
 * application, which are not copied: an entry has the time of its batch, and what came later does
 * not count.
 */
export const withLedgersOf = (source: ItemStore, copy: ItemStore, app: string): ItemStore => {
  const ledgers = ledgerKey(app, '', '').partition
  return {
    ...copy,
    get: async (key) =>
      (await copy.get(key)) ?? (key.partition.startsWith(ledgers) ? source.get(key) : undefined),
  }
}

/** Copies a segment. False: it is not there any more. */
export const copySegment = async (
  source: ItemStore,
  copy: ItemStore,
  app: string,
  ref: SegmentRef,
): Promise<boolean> => {
  for (const key of segmentKeys(app, ref)) if (!(await copyItem(source, copy, key))) return false
  return true
}

const copyItem = async (source: ItemStore, copy: ItemStore, key: ItemKey): Promise<boolean> => {
  const item = await source.get(key)
  if (item !== undefined) await copy.put(key, item)
  return item !== undefined
}
