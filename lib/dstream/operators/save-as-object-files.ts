import { objects } from '../../formats/objects.ts'
import { DStream } from '../dstream.ts'
import { type FileOptions, saveFiles } from './save-files.ts'

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
     * @param options As in {@link saveAsTextFiles}.
     * @throws MillraceError In a batch: `VALUE_UNSUPPORTED` for functions, symbols, class instances
     * and cycles. Otherwise as {@link saveAsTextFiles}.
     * @example totals.saveAsObjectFiles('s3://results/totals')
     */
    saveAsObjectFiles(prefix: string, suffix?: string, options?: FileOptions): void

    /**
     * The same without a suffix.
     *
     * @example totals.saveAsObjectFiles('s3://results/totals', { skipEmpty: true })
     */
    saveAsObjectFiles(prefix: string, options: FileOptions): void
  }
}

DStream.prototype.saveAsObjectFiles = function (
  prefix: string,
  suffix?: string | FileOptions,
  options?: FileOptions,
) {
  saveFiles(this, { operation: 'saveAsObjectFiles', format: objects, prefix, suffix, options })
}
