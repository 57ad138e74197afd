import { MillraceError } from '../../base/errors.ts'
import { tableItems } from '../../formats/table-items.ts'
import { writeChecked } from '../../rdd/write-checked.ts'
import { checkText } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Puts the pairs of every batch into a table, so that the table holds the newest value of each
     * key. On pairs only. An item has the attributes `key` (text, the partition key), `value` and
     * `batchTime` (epoch milliseconds). Its attributes `app`, `generation` and `epoch` say which
     * attempt wrote it.
     *
     * The effect is exactly-once: a batch that is retried puts the same items again, and
     * neither an older attempt nor an older batch can replace a newer item. A batch is not atomic:
     * while it is being written, a reader may see only some of its items. If a batch is skipped,
     * the items that it has already put stay.
     *
     * Each output needs its own table: two outputs with one key would replace each other's item.
     * Items are never removed: a key without a pair in a batch keeps its item. If a batch has
     * several pairs with one key, the last pair of the last partition counts. Keys that are not
     * text are written as text (`1`, `["a",1]`), and keys with the same text share one item. Values
     * are JSON; values that JSON does not have are written as in object files (`{"$bigint":"12"}`).
     *
     * @param place `dynamodb://NAME`. In a deployment, NAME can be bound to a table. Locally it can
     * be bound to a directory (`--bind NAME=./directory`): there each batch is a directory of files
     * with lines `{"key":"to","value":2}`.
     * @throws MillraceError `ARGUMENT_INVALID` when the place does not have this form. In a batch:
     * `KEY_UNSUPPORTED`, `VALUE_UNSUPPORTED`, `ITEM_TOO_LARGE` for an item over 400 KB.
     * @example counts.saveToTable('dynamodb://totals')
     */
    saveToTable(this: PairStream<T>, place: string): void
  }
}

const TABLE_PLACE = /^[a-z][a-z0-9+.-]+:\/\/[^/]+$/i

DStream.prototype.saveToTable = function (place) {
  if (!TABLE_PLACE.test(checkText('saveToTable', place, 'the location of a table')))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'saveToTable() needs the location of a table',
      value: place,
      allowed: 'dynamodb://NAME',
      fix: "for example saveToTable('dynamodb://totals')",
    })
  // The batch time is needed for directories, where each batch has its own files.
  const placeAt = (timeMs: number): string => `${place}/${timeMs}`
  this.emit(
    outputNode(
      'saveToTable',
      this.node,
      { place },
      async (input, batch) =>
        writeChecked(input, { place: placeAt(batch.timeMs), format: tableItems }, batch.write),
      { writesTo: place, placeAt },
    ),
  )
}
