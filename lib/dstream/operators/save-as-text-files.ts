import { text } from '../../formats/text.ts'
import { DStream } from '../dstream.ts'
import { type FileOptions, saveFiles } from './save-files.ts'

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
     * @param options How batches become files. With `every`, the batches of a period share a file.
     * They wait in the store until then, so the effect stays exactly-once. `<ms>` is then the time
     * of the batch that writes the file.
     * @throws MillraceError `ARGUMENT_INVALID` when prefix or suffix is not a string, or an option
     * is not allowed. In a batch: `OUTPUT_FENCED` when a newer attempt has written the output,
     * `OUTPUT_EXISTS` when this application has not written it, and `OUTPUT_FAILED`.
     * @example totals.saveAsTextFiles('s3://results/totals')
     */
    saveAsTextFiles(prefix: string, suffix?: string, options?: FileOptions): void

    /**
     * The same without a suffix.
     *
     * @example clicks.saveAsTextFiles('s3://archive/clicks', { every: minutes(5) })
     */
    saveAsTextFiles(prefix: string, options: FileOptions): void
  }
}

DStream.prototype.saveAsTextFiles = function (
  prefix: string,
  suffix?: string | FileOptions,
  options?: FileOptions,
) {
  saveFiles(this, { operation: 'saveAsTextFiles', format: text, prefix, suffix, options })
}
