import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import type { FileFormat } from '../../formats/file-format.ts'
import { FILE_LIMITS, type FileLimits } from '../../formats/file-limits.ts'
import { checkAtLeastOne, checkChoice, checkDurationMs, checkFunction } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { fileRecordNode } from '../operators/decode.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import type {
  BinaryRecordsStreamOptions,
  FileStreamOptions,
  FormatStreamOptions,
  TextFileStreamOptions,
} from './file-options.ts'
import {
  DEFAULT_REMEMBER_MS,
  DEFAULT_STABLE_FOR_MS,
  type FileReader,
  type FileSelection,
} from './file-selection.ts'
import { sourceNode } from './source-node.ts'

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The lines of new text files in a location: a directory, or a prefix of a bucket on AWS. Files
     * are chosen by their modification time, as in Spark, or all of them with `existing: 'all'`.
     * Each file is read once, when it has stayed the same for a while: move files in when they are
     * complete. Files of gzip and zstd are
     * decompressed.
     *
     * @param name A name to bind (`--bind NAME=./directory`), or the location itself. The names in
     * a local path may have patterns, as in `./logs/app-*`: `*`, `?`, `[ab]`, `{one,two}`. Such a
     * path means all directories that match, including those that are created later.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or an option is not of the
     * allowed form; `PLAN_FROZEN`.
     * @example ssc.textFileStream('lines', { existing: 'all' }).flatMap((line) => line.split(' '))
     */
    textFileStream(name: string, options?: TextFileStreamOptions): DStream<string>

    /**
     * The elements of new files in a location. Files are chosen as by {@link textFileStream}.
     * `filter` says which files are taken, and `read` makes the elements of each file.
     *
     * @param name A name to bind (`--bind NAME=./directory`), or the location itself.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or an option is not of the
     * allowed form; `PLAN_FROZEN`.
     * @example
     * ```ts
     * ssc.fileStream('orders', {
     *   filter: (path) => path.endsWith('.json'),
     *   read: (bytes) => JSON.parse(bytes.toString()),
     * })
     * ```
     */
    fileStream(
      name: string,
      options?: FileStreamOptions<string> & { readonly read?: never },
    ): DStream<string>
    fileStream<T>(
      name: string,
      options: FileStreamOptions<T> & { readonly read: FileReader<T> },
    ): DStream<T>
    /**
     * The elements of new files of a format, such as JSON lines or Parquet. Files are chosen as by
     * {@link textFileStream}. Files of gzip and zstd are decompressed, whatever the format. A
     * record that is not of the format becomes a dead letter, and the others go on.
     *
     * @param name A name to bind (`--bind NAME=./directory`), or the location itself.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or an option is not of the
     * allowed form; `PLAN_FROZEN`. In a batch: `PACKAGE_MISSING` when the format needs a package
     * that is not installed.
     * @example ssc.fileStream('drop', { format: jsonLines(), existing: 'all' })
     */
    fileStream<T>(name: string, options: FormatStreamOptions<T>): DStream<T>

    /**
     * The records of new files in a location, all of the same length. Files are chosen as by
     * {@link textFileStream}. A file that does not have a whole number of records becomes a dead
     * letter as a whole (`RECORDS_UNEVEN`).
     *
     * @param name A name to bind (`--bind NAME=./directory`), or the location itself.
     * @param recordBytes The length of a record in bytes: a whole number, 1 or more.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or the length or an option
     * is not of the allowed form; `PLAN_FROZEN`.
     * @example
     * ```ts
     * ssc
     *   .binaryRecordsStream('ticks', 16)
     *   .map((record) => new DataView(record.buffer).getFloat64(0))
     * ```
     */
    binaryRecordsStream(
      name: string,
      recordBytes: number,
      options?: BinaryRecordsStreamOptions,
    ): DStream<Uint8Array>
  }
}

/** Elements that a reader makes from whole files. Only files give them, no stream does. */
export const WHOLE_FILES = 'whole files'

StreamingContext.prototype.textFileStream = function (name, options = {}) {
  const { existing, remember, onOverwrite, limits, listEvery, stableFor } = options
  const { lateFiles, onRename } = options
  return watch(this, 'textFileStream', name, {
    ...(existing === undefined ? {} : { existing }),
    ...(remember === undefined ? {} : { remember }),
    ...(onOverwrite === undefined ? {} : { onOverwrite }),
    ...(limits === undefined ? {} : { limits }),
    ...(listEvery === undefined ? {} : { listEvery }),
    ...(stableFor === undefined ? {} : { stableFor }),
    ...(lateFiles === undefined ? {} : { lateFiles }),
    ...(onRename === undefined ? {} : { onRename }),
  })
}

StreamingContext.prototype.fileStream = function <T>(
  this: StreamingContext,
  name: string,
  options: FileStreamOptions<T> | FormatStreamOptions<T> = {},
): DStream<T> {
  if ('format' in options) return formatStream(this, name, options)
  for (const f of [options.filter, options.read])
    if (f !== undefined) checkFunction('fileStream', f)
  return watch<T>(this, 'fileStream', name, options)
}

StreamingContext.prototype.binaryRecordsStream = function (name, recordBytes, options = {}) {
  if (!Number.isSafeInteger(recordBytes) || recordBytes < 1)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'binaryRecordsStream() needs the length of a record',
      value: recordBytes,
      allowed: 'a whole number of bytes, 1 or more',
    })
  const read = fixedLengthReader(recordBytes)
  return watch<Uint8Array>(this, 'binaryRecordsStream', name, { ...options, read })
}

const formatStream = <T>(
  ssc: StreamingContext,
  name: string,
  { format, ...options }: FormatStreamOptions<T> & Pick<FileStreamOptions<T>, 'read'>,
): DStream<T> => {
  const { filter, read } = options
  if (filter !== undefined) checkFunction('fileStream', filter)
  if (read !== undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'fileStream() takes a format or a function that reads, not both',
      value: Object.keys({ format, read }).join(', '),
      fix: 'leave out one of them',
    })
  const { reading } = (format as FileFormat<T> | undefined) ?? {}
  if (reading === undefined)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'fileStream() needs a format that files can be read with',
      value: format,
      fix: "for example { format: jsonLines() }, with jsonLines from 'millrace/formats'",
    })
  const inParts = reading.shape === 'lines' ? {} : { format: reading }
  const records = watch<unknown>(ssc, 'fileStream', name, { ...options, ...inParts })
  return records.to<T>(fileRecordNode(records.node, format, reading))
}

/** Options with the reading of a format, which only this file makes. */
type WatchOptions<T> = FileStreamOptions<T> & Pick<FileSelection, 'format'>

const watch = <T>(
  ssc: StreamingContext,
  operator: string,
  name: string,
  options: WatchOptions<T>,
): DStream<T> => {
  if (typeof name !== 'string' || name === '')
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operator}() needs a location to watch`,
      value: name,
      fix: `for example ${operator}('./in')`,
    })
  checkChoice(operator, 'existing', options.existing, ['ignore', 'all'])
  checkChoice(operator, 'onOverwrite', options.onOverwrite, ['new', 'ignore'])
  checkChoice(operator, 'lateFiles', options.lateFiles, ['ignore', 'take', 'dead-letter'])
  checkChoice(operator, 'onRename', options.onRename, ['new', 'ignore'])
  const files = selectionOf(options, ssc.intervalMs)
  const isText = files.read === undefined && files.format === undefined
  const elements = isText ? TEXT : WHOLE_FILES
  return ssc.from<T>(
    sourceNode(operator, { name }, { kind: 'files', name, literal: name, elements, files }),
  )
}

const selectionOf = (options: WatchOptions<unknown>, intervalMs: number): FileSelection => {
  const { existing = 'ignore', remember, onOverwrite, listEvery, stableFor } = options
  const { filter, read, format, decompress, lateFiles, onRename } = options
  // Spark: FileInputDStream rounds the window up to whole batches.
  const leastMs =
    remember === undefined ? DEFAULT_REMEMBER_MS : checkDurationMs('remember', remember)
  const rememberMs = Math.ceil(leastMs / intervalMs) * intervalMs
  return Object.freeze({
    existing,
    rememberMs,
    ignoredMs: rememberMs + intervalMs,
    stableForMs: stableForMs(stableFor, intervalMs),
    ...(listEvery === undefined ? {} : { listEveryMs: listEveryMs(listEvery) }),
    ...(onOverwrite === undefined ? {} : { onOverwrite }),
    ...(lateFiles === undefined ? {} : { lateFiles }),
    ...(onRename === undefined ? {} : { onRename }),
    ...(filter === undefined ? {} : { filter }),
    ...(read === undefined ? {} : { read }),
    ...(format === undefined ? {} : { format }),
    ...(decompress === undefined ? {} : { decompress }),
    limits: limitsOf(options.limits),
  })
}

const limitsOf = ({ bytes, ratio }: TextFileStreamOptions['limits'] = {}): FileLimits =>
  Object.freeze({
    bytes: checkAtLeastOne('limits.bytes', bytes) ?? FILE_LIMITS.bytes,
    ratio: checkAtLeastOne('limits.ratio', ratio) ?? FILE_LIMITS.ratio,
    ...(bytes === undefined ? {} : { dividedBytes: bytes }),
  })

const stableForMs = (stableFor: Duration | 0 | undefined, intervalMs: number): number => {
  if (stableFor === undefined) return Math.min(intervalMs, DEFAULT_STABLE_FOR_MS)
  return stableFor === 0 ? 0 : checkDurationMs('stableFor', stableFor)
}

const listEveryMs = (listEvery: Duration | 'never'): number | 'never' =>
  listEvery === 'never' ? listEvery : checkDurationMs('listEvery', listEvery)

/** Splits a file into records of the same length. */
const fixedLengthReader =
  (recordBytes: number): FileReader<Uint8Array> =>
  (bytes, path) => {
    if (bytes.byteLength % recordBytes === 0)
      return Array.from({ length: bytes.byteLength / recordBytes }, (_, index) =>
        bytes.slice(index * recordBytes, (index + 1) * recordBytes),
      )
    throw new MillraceError('RECORDS_UNEVEN', {
      problem: `The file "${path}" does not hold a whole number of records`,
      value: `${bytes.byteLength} bytes`,
      allowed: `a multiple of ${recordBytes} bytes`,
      fix:
        'move files in when they are complete, and check the record length given to ' +
        'binaryRecordsStream()',
    })
  }
