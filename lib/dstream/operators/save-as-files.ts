import { MillraceError } from '../../base/errors.ts'
import type { FileFormat, FormatWriting } from '../../formats/file-format.ts'
import type { Format } from '../../formats/format.ts'
import type { PartitionColumns } from '../../formats/hive-directory.ts'
import { partitionedFiles } from '../../formats/partitioned-files.ts'
import { checkFunction } from '../checks.ts'
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
export interface FormatFileOptions<T = never> extends FileOptions {
  /** What files are written: `jsonLines()`, `parquet()`, or another format. */
  readonly format: FileFormat<unknown>
  /** Added to the name of the directory after a dot. Default: that of the format, as `parquet`. */
  readonly suffix?: string
  /**
   * Divides the rows among directories as Hive does: for `(row) => ({ day: row.day })`, a file is
   * `prefix/day=2026-11-30/part-<ms>-00000.parquet`. All batches share these directories. A column
   * that a row has itself is left out of the files, since readers take it from the directory. Null
   * and the empty text are `__HIVE_DEFAULT_PARTITION__`. What has no elements writes nothing.
   */
  readonly partitionBy?: (row: T) => PartitionColumns
  /**
   * With `partitionBy`: so many directories may a part of a batch write to. Each is a file. From 1
   * to 100,000. Default 1,000.
   */
  readonly maxPartitions?: number
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
    saveAsFiles(prefix: string, options: FormatFileOptions<T>): void
  }
}

DStream.prototype.saveAsFiles = function (prefix, options) {
  const { format, suffix, partitionBy, maxPartitions, ...files } =
    (options as Partial<FormatFileOptions> | undefined) ?? {}
  const { writing, name = '', extension = '' } = format ?? {}
  if (writing === undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'saveAsFiles() needs a format that files can be written with',
      value: format,
      fix: "for example { format: jsonLines() }, with jsonLines from 'millrace/formats'",
    })
  const plain = formatOf(name, writing)
  const common = { operation: 'saveAsFiles', prepare: writing.prepare, prefix }
  if (partitionBy === undefined) {
    checkAlone(maxPartitions)
    return saveFiles(this, {
      ...common,
      format: plain,
      joins: writing.joins,
      suffix: suffix ?? extension.slice(1),
      options: files,
    })
  }
  checkFunction('saveAsFiles', partitionBy)
  checkPartitioned(suffix)
  const partitionsMax = checkMax(maxPartitions)
  const divided = { partitionBy, extension }
  saveFiles(this, {
    ...common,
    format: partitionedFiles(plain, { ...divided, partitionsMax }),
    // What waits was within the limit, batch by batch. Together it must not fail any more.
    rolledFormat: partitionedFiles(plain, { ...divided, partitionsMax: Infinity }),
    joins: false,
    spread: true,
    suffix: undefined,
    options: files,
  })
}

const PARTITIONS_DEFAULT = 1_000
const PARTITIONS_MAX = 100_000

const checkMax = (maxPartitions: number = PARTITIONS_DEFAULT): number => {
  if (Number.isSafeInteger(maxPartitions) && maxPartitions >= 1 && maxPartitions <= PARTITIONS_MAX)
    return maxPartitions
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'saveAsFiles() does not allow this value of maxPartitions',
    value: maxPartitions,
    allowed: `a whole number from 1 to ${PARTITIONS_MAX}`,
    fix: 'leave it out, or partition by fewer values',
  })
}

const checkAlone = (maxPartitions: number | undefined): void => {
  if (maxPartitions === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'saveAsFiles() limits directories, and makes none',
    value: { maxPartitions },
    fix: 'add partitionBy: (row) => ({ day: row.day }), or leave out maxPartitions',
  })
}

const checkPartitioned = (suffix: string | undefined): void => {
  if (suffix === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'saveAsFiles() has no directory for each batch when it partitions, so no suffix',
    value: suffix,
    fix: 'leave out suffix: files end with that of the format',
  })
}

/** The format as outputs know it. Nothing reads the files here. */
const formatOf = (name: string, { encode }: FormatWriting): Format => ({
  name,
  isSplittable: false,
  encode,
  decode: (bytes) => ({ elements: [bytes], rejected: [] }),
})
