import { objects } from '../../formats/objects.ts'
import { writeChecked } from '../../rdd/write-checked.ts'
import { checkText } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { outputPath } from '../output-path.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Like {@link saveAsTextFiles}, but {@link readObjects} can read the elements back unchanged.
     * Each element is one line of JSON. Values that JSON does not have (bigints, dates, bytes,
     * maps, sets, `undefined`, `NaN`) have their own forms; docs/object-files.md describes them.
     *
     * @param prefix The path without batch time and suffix. Its first name, or the bucket of
     * `s3://bucket/...`, can be bound (`--bind NAME=./directory`).
     * @param suffix Added to the name of the directory after a dot. Default: none.
     * @throws MillraceError In a batch: `VALUE_UNSUPPORTED` for functions, symbols, class instances
     * and cycles. Otherwise as {@link saveAsTextFiles}.
     * @example totals.saveAsObjectFiles('s3://results/totals')
     */
    saveAsObjectFiles(prefix: string, suffix?: string): void
  }
}

DStream.prototype.saveAsObjectFiles = function (prefix, suffix = '') {
  checkText('saveAsObjectFiles', prefix, 'a prefix')
  checkText('saveAsObjectFiles', suffix, 'a suffix')
  const placeAt = (timeMs: number): string => outputPath(prefix, suffix, timeMs)
  this.emit(
    outputNode(
      'saveAsObjectFiles',
      this.node,
      { prefix, suffix },
      async (input, batch) =>
        writeChecked(input, { place: placeAt(batch.timeMs), format: objects }, batch.write),
      { writesTo: prefix, placeAt },
    ),
  )
}
