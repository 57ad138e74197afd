/** What a table holds for outputs, and who may replace an item: the same wherever the table is. */
import { MillraceError } from '../base/errors.ts'
import type { TableItem } from '../base/table-item.ts'
import { type Fence, isOlderFence } from '../ports/fence.ts'

/** Which batch writes, in which attempt. */
export interface ItemStamp extends Fence {
  /** Epoch milliseconds. */
  readonly batchTime: number
}

/** An item as a table holds it. */
export interface StoredTableItem extends TableItem, ItemStamp {}

/** The most that a key can have, in bytes of UTF-8. */
export const TABLE_KEY_BYTES_MAX = 2_048

/** Of several items with one key the last. Order: as the keys first came. */
export const latestOfEachKey = (items: readonly TableItem[]): readonly TableItem[] => [
  ...new Map(items.map((item) => [item.key, item])).values(),
]

/**
 * Checks that text can be the key of a table.
 *
 * @throws MillraceError `KEY_UNSUPPORTED`.
 */
export const checkTableKey = (key: string): void => {
  const sizeBytes = Buffer.byteLength(key)
  if (sizeBytes >= 1 && sizeBytes <= TABLE_KEY_BYTES_MAX) return
  throw new MillraceError('KEY_UNSUPPORTED', {
    problem: `A table cannot have a key of ${sizeBytes} bytes`,
    value: key,
    allowed: `1 to ${TABLE_KEY_BYTES_MAX} bytes of UTF-8`,
    fix: 'filter such pairs out, or map them to other keys',
  })
}

const isStamp = (there: Partial<ItemStamp>): there is ItemStamp =>
  typeof there.app === 'string' &&
  [there.generation, there.epoch, there.batchTime].every((number) => Number.isSafeInteger(number))

/**
 * Checks that an item that is there may be replaced: it is of the same application, and neither its
 * attempt nor its batch is newer.
 *
 * @throws MillraceError `OUTPUT_EXISTS`, `OUTPUT_FENCED`.
 */
export const checkItemReplaceable = (
  key: string,
  there: Partial<ItemStamp>,
  stamp: ItemStamp,
): void => {
  if (!isStamp(there) || there.app !== stamp.app)
    throw new MillraceError('OUTPUT_EXISTS', {
      problem:
        there.app === undefined
          ? 'There is an item that Millrace did not write'
          : `Another application, ${there.app}, has written this item`,
      value: key,
      fix: 'give the output a table of its own, or remove those items',
    })
  if (!isOlderFence(stamp, there) && stamp.batchTime >= there.batchTime) return
  const { batchTime, generation, epoch } = there
  throw new MillraceError('OUTPUT_FENCED', {
    problem:
      'A newer attempt has written this item: ' +
      `batch ${batchTime}, generation ${generation}, epoch ${epoch}`,
    value: key,
    allowed: 'only a batch and an attempt as new or newer may replace it',
    fix:
      'nothing, if another process goes on. ' +
      'If the application was begun anew with an empty store, give it a new table',
  })
}
