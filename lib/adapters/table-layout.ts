/**
 * The content of a table of outputs, and the rules for who may replace an item. They are the same
 * for every table.
 */
import { MillraceError } from '../base/errors.ts'
import type { TableItem } from '../base/table-item.ts'
import { type Fence, isOlderFence } from '../ports/fence.ts'

/** The batch and the attempt that write an item. */
export interface ItemStamp extends Fence {
  /** Epoch milliseconds. */
  readonly batchTime: number
}

/** An item as stored in a table. */
export interface StoredTableItem extends TableItem, ItemStamp {}

/** The largest key, in bytes of UTF-8. */
export const TABLE_KEY_BYTES_MAX = 2_048

/**
 * Keeps the last of several items with one key. The order is that of the first item of each key.
 */
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
    fix: 'remove such pairs with filter, or map them to other keys',
  })
}

const isStamp = (there: Partial<ItemStamp>): there is ItemStamp =>
  typeof there.app === 'string' &&
  [there.generation, there.epoch, there.batchTime].every((number) => Number.isSafeInteger(number))

/**
 * Checks that an existing item may be replaced: the same application has written it, and neither
 * its attempt nor its batch is newer.
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
          ? 'There is already an item that Millrace did not write'
          : `Another application, ${there.app}, has written this item`,
      value: key,
      fix: 'use a separate table for the output, or remove those items',
    })
  if (!isOlderFence(stamp, there) && stamp.batchTime >= there.batchTime) return
  const { batchTime, generation, epoch } = there
  throw new MillraceError('OUTPUT_FENCED', {
    problem:
      'A newer attempt has written this item: ' +
      `batch ${batchTime}, generation ${generation}, epoch ${epoch}`,
    value: key,
    allowed: 'only the same or a newer batch and attempt may replace it',
    fix:
      'nothing to do if another process continues. ' +
      'If the application has started again with an empty store, use a new table',
  })
}
