import { objects } from '../../formats/objects.ts'
import { checkText } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { outputPath } from '../output-path.ts'
import { outputNode } from '../plan-node.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * As {@link saveAsTextFiles}, but so that elements come back as they were with {@link
     * readObjects}: a line of JSON for each, in which what JSON does not have (bigints, dates,
     * bytes, maps, sets, `undefined`, `NaN`) has forms of its own. docs/object-files.md describes
     * it.
     *
     * @param prefix The first name of the path, or the bucket of `s3://bucket/...`, can be bound
     * (`--bind NAME=./directory`).
     * @throws MillraceError `VALUE_UNSUPPORTED` in a batch, for functions, symbols, instances of
     * classes and cycles.
     * @example totals.saveAsObjectFiles('s3://results/totals')
     */
    saveAsObjectFiles(prefix: string, suffix?: string): void
  }
}

DStream.prototype.saveAsObjectFiles = function (prefix, suffix = '') {
  checkText('saveAsObjectFiles', prefix, 'a prefix')
  checkText('saveAsObjectFiles', suffix, 'a suffix')
  this.emit(
    outputNode(
      'saveAsObjectFiles',
      this.node,
      { prefix, suffix },
      async (input, batch) =>
        batch.write(
          { place: outputPath(prefix, suffix, batch.timeMs), format: objects },
          await input.partitions(),
        ),
      prefix,
    ),
  )
}
