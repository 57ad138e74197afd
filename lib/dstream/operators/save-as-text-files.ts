import { text } from '../../formats/text.ts'
import { writeChecked } from '../../rdd/write-checked.ts'
import { checkText } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { outputPath } from '../output-path.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Writes every batch, also an empty one, into its own directory `prefix-<ms>[.suffix]`, where
     * `<ms>` is the batch time in epoch milliseconds. The directory has one text file for each
     * partition. `_SUCCESS` comes after the batch is committed, and names the files that belong to
     * it. The effect is exactly-once: whoever reads what `_SUCCESS` names reads each batch once.
     *
     * @param prefix The path without batch time and suffix. Its first name, or the bucket of
     * `s3://bucket/...`, can be bound (`--bind NAME=./directory`).
     * @param suffix Added to the name of the directory after a dot. Default: none.
     * @throws MillraceError `ARGUMENT_INVALID` when prefix or suffix is not a string. In a batch:
     * `OUTPUT_FENCED` when a newer attempt has written the output, `OUTPUT_EXISTS` when this
     * application has not written it, and `OUTPUT_FAILED`.
     * @example totals.saveAsTextFiles('s3://results/totals')
     */
    saveAsTextFiles(prefix: string, suffix?: string): void
  }
}

DStream.prototype.saveAsTextFiles = function (prefix, suffix = '') {
  checkText('saveAsTextFiles', prefix, 'a prefix')
  checkText('saveAsTextFiles', suffix, 'a suffix')
  const placeAt = (timeMs: number): string => outputPath(prefix, suffix, timeMs)
  this.emit(
    outputNode(
      'saveAsTextFiles',
      this.node,
      { prefix, suffix },
      async (input, batch) =>
        writeChecked(input, { place: placeAt(batch.timeMs), format: text }, batch.write),
      { writesTo: prefix, placeAt },
    ),
  )
}
