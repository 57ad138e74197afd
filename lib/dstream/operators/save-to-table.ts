import { MillraceError } from '../../base/errors.ts'
import { tableItems } from '../../formats/table-items.ts'
import { checkText } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Puts the pairs of every batch into a table, so that it holds the newest value of each key; on
     * pairs only. An item has the attributes `key` (text, the partition key), `value` and
     * `batchTime` (epoch milliseconds), and says who wrote it in `app`, `generation` and `epoch`.
     *
     * Exactly-once in effect: a batch that is tried again puts the same items again, and neither
     * an older attempt nor an older batch can replace a newer one. A batch is not atomic: while it
     * is written, a reader may see a part of it, and when it is done, all of it. A batch that is
     * skipped leaves what it has put so far.
     *
     * Give each output a table of its own: two outputs with the same key replace each other's item.
     * Nothing is ever removed: a key that has no pair in a batch keeps its item. Of several pairs
     * with one key in one batch, the last pair of the last partition counts. Keys that are no text
     * are written as text (`1`, `["a",1]`), and keys with the same text are one item. Values are
     * JSON; what JSON does not have is written as in object files (`{"$bigint":"12"}`).
     *
     * @param place `dynamodb://NAME`. NAME can be bound: to a table where it is deployed, and to a
     * directory (`--bind NAME=./directory`), where each batch is a directory of lines
     * `{"key":"to","value":2}`.
     * @throws MillraceError `ARGUMENT_INVALID` when the place is not of this form. In a batch:
     * `KEY_UNSUPPORTED`, `VALUE_UNSUPPORTED`, `ITEM_TOO_LARGE` for an item over 400 KB.
     * @example counts.saveToTable('dynamodb://totals')
     */
    saveToTable<K, V>(this: DStream<[K, V]>, place: string): void
  }
}

const TABLE_PLACE = /^[a-z][a-z0-9+.-]+:\/\/[^/]+$/i

DStream.prototype.saveToTable = function (place) {
  if (!TABLE_PLACE.test(checkText('saveToTable', place, 'the place of a table')))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'saveToTable() needs the place of a table',
      value: place,
      allowed: 'dynamodb://NAME',
      fix: "for example saveToTable('dynamodb://totals')",
    })
  this.emit(
    outputNode(
      'saveToTable',
      this.node,
      { place },
      async (input, batch) =>
        // The time is there for directories, where each batch has files of its own.
        batch.write(
          { place: `${place}/${batch.timeMs}`, format: tableItems },
          await input.partitions(),
        ),
      place,
    ),
  )
}
