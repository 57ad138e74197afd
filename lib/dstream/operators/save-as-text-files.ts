import { text } from '../../formats/text.ts'
import { checkText } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { outputPath } from '../output-path.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Writes every batch, empty ones too, into a directory `prefix-<ms>[.suffix]` of text files,
     * one a partition, and `_SUCCESS` when it is complete. Exactly-once in effect: a batch that is
     * tried again replaces its own files, and an older attempt is refused.
     *
     * @param prefix The first name of the path, or the bucket of `s3://bucket/...`, can be bound
     * (`--bind NAME=./directory`).
     * @example totals.saveAsTextFiles('s3://results/totals')
     */
    saveAsTextFiles(prefix: string, suffix?: string): void
  }
}

DStream.prototype.saveAsTextFiles = function (prefix, suffix = '') {
  checkText('saveAsTextFiles', prefix, 'a prefix')
  checkText('saveAsTextFiles', suffix, 'a suffix')
  this.emit(
    outputNode(
      'saveAsTextFiles',
      this.node,
      { prefix, suffix },
      async (input, batch) =>
        batch.write(
          { place: outputPath(prefix, suffix, batch.timeMs), format: text },
          await input.partitions(),
        ),
      prefix,
    ),
  )
}
