import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import { FILE_LIMITS, type FileLimits } from '../../formats/file-limits.ts'
import { checkAtLeastOne, checkChoice, checkDurationMs, checkFunction } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import {
  DEFAULT_REMEMBER_MS,
  DEFAULT_STABLE_FOR_MS,
  type FileReader,
  type FileSelection,
} from './file-selection.ts'
import { sourceNode } from './source-node.ts'

/**
 * Settings of `textFileStream`.
 *
 * @example ssc.textFileStream('lines', { existing: 'all', onOverwrite: 'new' })
 */
export interface TextFileStreamOptions {
  /**
   * `'ignore'`: only files that were modified after the first start of the application, as in
   * Spark. `'all'`: every file, the oldest first, as far as the limits of a batch allow. Each path
   * is taken once for the life of the store. In a bucket, files are taken page by page, a thousand
   * names at a time. Default `'ignore'`.
   */
  readonly existing?: 'ignore' | 'all'
  /**
   * How late a file may appear after its modification time. The value is rounded up to whole
   * batches. Default 60 s, as in Spark.
   */
  readonly remember?: Duration
  /**
   * In a directory: how long a file must have stayed the same before it is read, so that a file
   * that is still copied or written is not cut. `0`: it is read at once, as in Spark. A file that
   * is moved in with an older time is read at once in any case. Default: the batch interval, at
   * most 10 s. A run with `--once` looks for a moment whether a file still grows.
   */
  readonly stableFor?: Duration | 0
  /**
   * What happens when a file is written again under a name that was already read. `'new'`: each
   * upload is read once. `'ignore'`: each name is read once; in a directory this holds for as long
   * as the name is remembered. Default: `'new'` in a bucket, and `'ignore'` in a directory, as in
   * Spark.
   */
  readonly onOverwrite?: 'new' | 'ignore'
  /**
   * The limits of one file. A file beyond them becomes a dead letter as a whole
   * (`OBJECT_TOO_LARGE`).
   */
  readonly limits?: {
    /** The largest content, in bytes after decompression. Default 512 MiB. */
    readonly bytes?: number
    /**
     * The largest content of a compressed file, as a multiple of its size. A content of up to 1 MiB
     * is always allowed. Default 200.
     */
    readonly ratio?: number
  }
  /**
   * In a bucket on AWS: the time between two listings that look for objects whose notification was
   * lost. `'never'`: only the listings of the first quarter of an hour are made. A directory is
   * listed in each batch anyway. Default one hour.
   */
  readonly listEvery?: Duration | 'never'
}

/**
 * Settings of `binaryRecordsStream`.
 *
 * @example ssc.binaryRecordsStream('samples', 16, { decompress: true })
 */
export interface BinaryRecordsStreamOptions extends TextFileStreamOptions {
  /**
   * Whether files of gzip and zstd are decompressed first. Default false: files are read as they
   * are stored.
   */
  readonly decompress?: boolean
}

/**
 * Settings of `fileStream`.
 *
 * @example
 * ```ts
 * ssc.fileStream('sizes', {
 *   filter: (path) => path.endsWith('.bin'),
 *   read: (bytes) => [bytes.length],
 * })
 * ```
 */
export interface FileStreamOptions<T> extends BinaryRecordsStreamOptions {
  /**
   * Whether a file is taken, by its path below the location. It must return the same for the same
   * path. Default: every file is taken.
   */
  readonly filter?: (path: string) => boolean
  /**
   * Makes the elements of a file. It must return the same for the same bytes. A file for which it
   * throws becomes a dead letter as a whole. It gets the bytes as they are stored, unless
   * `decompress` is true. Default: the lines of its text, which is always decompressed.
   */
  readonly read?: FileReader<T>
}

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
  return watch(this, 'textFileStream', name, {
    ...(existing === undefined ? {} : { existing }),
    ...(remember === undefined ? {} : { remember }),
    ...(onOverwrite === undefined ? {} : { onOverwrite }),
    ...(limits === undefined ? {} : { limits }),
    ...(listEvery === undefined ? {} : { listEvery }),
    ...(stableFor === undefined ? {} : { stableFor }),
  })
}

StreamingContext.prototype.fileStream = function <T>(
  this: StreamingContext,
  name: string,
  options: FileStreamOptions<T> = {},
): DStream<T> {
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

const watch = <T>(
  ssc: StreamingContext,
  operator: string,
  name: string,
  options: FileStreamOptions<T>,
): DStream<T> => {
  if (typeof name !== 'string' || name === '')
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${operator}() needs a location to watch`,
      value: name,
      fix: `for example ${operator}('./in')`,
    })
  checkChoice(operator, 'existing', options.existing, ['ignore', 'all'])
  checkChoice(operator, 'onOverwrite', options.onOverwrite, ['new', 'ignore'])
  const files = selectionOf(options, ssc.intervalMs)
  const elements = files.read === undefined ? TEXT : WHOLE_FILES
  return ssc.from<T>(
    sourceNode(operator, { name }, { kind: 'files', name, literal: name, elements, files }),
  )
}

const selectionOf = (options: FileStreamOptions<unknown>, intervalMs: number): FileSelection => {
  const { existing = 'ignore', remember, onOverwrite, listEvery, stableFor } = options
  const { filter, read, decompress } = options
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
    ...(filter === undefined ? {} : { filter }),
    ...(read === undefined ? {} : { read }),
    ...(decompress === undefined ? {} : { decompress }),
    limits: limitsOf(options.limits),
  })
}

const limitsOf = ({ bytes, ratio }: TextFileStreamOptions['limits'] = {}): FileLimits =>
  Object.freeze({
    bytes: checkAtLeastOne('limits.bytes', bytes) ?? FILE_LIMITS.bytes,
    ratio: checkAtLeastOne('limits.ratio', ratio) ?? FILE_LIMITS.ratio,
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
