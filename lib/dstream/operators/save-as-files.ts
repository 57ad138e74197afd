import { MillraceError } from '../../base/errors.ts'
import type { FileFormat, FormatWriting } from '../../formats/file-format.ts'
import type { Format } from '../../formats/format.ts'
import { DStream } from '../dstream.ts'
import { type FileOptions, saveFiles } from './save-files.ts'

/**
 * Settings of `saveAsFiles`.
 *
 * @example
 * ```ts
 * const options: FormatFileOptions = { format: jsonLines(), every: minutes(5) }
 * ```
 */
export interface FormatFileOptions extends FileOptions {
  /** What files are written: `jsonLines()`, `parquet()`, or another format. */
  readonly format: FileFormat<unknown>
  /** Added to the name of the directory after a dot. Default: that of the format, as `parquet`. */
  readonly suffix?: string
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Writes files of a format, such as JSON lines or Parquet, as {@link saveAsTextFiles} writes
     * text: each batch, or each period, into its own directory `prefix-<ms>.<suffix>`, with a file
     * for each partition and `_SUCCESS` after the commit. The effect is exactly-once. An element
     * that the format cannot hold becomes a dead letter, if it comes directly from a source.
     *
     * @param prefix The path without batch time and suffix. Its first name, or the bucket of
     * `s3://bucket/...`, can be bound (`--bind NAME=./directory`).
     * @throws MillraceError `ARGUMENT_INVALID` when an option is not of the allowed form;
     * `PLAN_FROZEN`. In a batch: `PACKAGE_MISSING` when the format needs a package that is not
     * installed, `VALUE_UNSUPPORTED` for an element that the format cannot hold, and what
     * {@link saveAsTextFiles} throws.
     * @example
     * ```ts
     * counts
     *   .map(([word, count]) => ({ word, count }))
     *   .saveAsFiles('s3://results/counts', { format: jsonLines(), every: minutes(5) })
     * ```
     */
    saveAsFiles(prefix: string, options: FormatFileOptions): void
  }
}

DStream.prototype.saveAsFiles = function (prefix, options) {
  const { format, suffix, ...files } = (options as FormatFileOptions | undefined) ?? {}
  const { writing, name = '', extension = '' } = format ?? {}
  if (writing === undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'saveAsFiles() needs a format that files can be written with',
      value: format,
      fix: "for example { format: jsonLines() }, with jsonLines from 'millrace/formats'",
    })
  saveFiles(this, {
    operation: 'saveAsFiles',
    format: formatOf(name, writing),
    prepare: writing.prepare,
    joins: writing.joins,
    prefix,
    suffix: suffix ?? extension.slice(1),
    options: files,
  })
}

/** The format as outputs know it. Nothing reads the files here. */
const formatOf = (name: string, { encode }: FormatWriting): Format => ({
  name,
  isSplittable: false,
  encode,
  decode: (bytes) => ({ elements: [bytes], rejected: [] }),
})
