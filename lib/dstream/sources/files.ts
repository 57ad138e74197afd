import type { Duration } from '../../base/duration.ts'
import { MillraceError } from '../../base/errors.ts'
import { checkChoice, checkDurationMs, checkFunction } from '../checks.ts'
import type { DStream } from '../dstream.ts'
import { StreamingContext } from '../streaming-context.ts'
import { TEXT } from './declaration.ts'
import { DEFAULT_REMEMBER_MS, type FileReader, type FileSelection } from './file-selection.ts'
import { sourceNode } from './source-node.ts'

/**
 * Settings of `textFileStream`.
 *
 * @example ssc.textFileStream('lines', { existing: 'all', onOverwrite: 'new' })
 */
export interface TextFileStreamOptions {
  /**
   * `'ignore'`: only files that were modified after the first start, as in Spark. `'all'`: every
   * file that is there, the oldest first, up to the limits of a batch, each path once for the life
   * of the store; in a bucket one page of a thousand names after the other. Default `'ignore'`.
   */
  readonly existing?: 'ignore' | 'all'
  /**
   * How late a file may appear after its modification time, rounded up to whole batches. Default
   * 60 s, as in Spark.
   */
  readonly remember?: Duration
  /**
   * What happens when a name that was read is written again. `'new'`: each upload is read once.
   * `'ignore'`: a name is read once; in a directory for as long as it is remembered. Default:
   * `'new'` in a bucket, and `'ignore'` in a directory, as in Spark.
   */
  readonly onOverwrite?: 'new' | 'ignore'
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
export interface FileStreamOptions<T> extends TextFileStreamOptions {
  /**
   * Whether a file is taken, by its path below the place. It must give the same for the same path.
   * Default: every file is.
   */
  readonly filter?: (path: string) => boolean
  /**
   * Makes the elements of a file. It must give the same for the same bytes. A file on which it
   * throws is put aside whole, as a dead letter. Default: the lines of its text.
   */
  readonly read?: FileReader<T>
}

declare module '../streaming-context.ts' {
  interface StreamingContext {
    /**
     * The lines of text files that appear in a place: a directory here, a prefix of a bucket on
     * AWS. Files are chosen by modification time as in Spark, or all of them with
     * `existing: 'all'`. Move files in when they are complete: a file is read once.
     *
     * @param name A name to bind (`--bind NAME=./directory`), or the place itself. A local path may
     * have patterns in its names, as in `./logs/app-*`: `*`, `?`, `[ab]`, `{one,two}`. It stands
     * for all directories that match, also for those that are created later.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty; `PLAN_FROZEN`.
     * @example ssc.textFileStream('lines', { existing: 'all' }).flatMap((line) => line.split(' '))
     */
    textFileStream(name: string, options?: TextFileStreamOptions): DStream<string>

    /**
     * New files in a place, chosen as {@link textFileStream} does. `filter` says which are taken,
     * and `read` makes the elements of each.
     *
     * @param name A name to bind (`--bind NAME=./directory`), or the place itself.
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
     * New files in a place, chosen as {@link textFileStream} does, cut into records of one length.
     * A file that does not hold a whole number of records is put aside whole, as a dead letter.
     *
     * @param recordBytes The length of a record: a whole number from 1.
     * @throws MillraceError `ARGUMENT_INVALID` when the name is empty, or the length is not one;
     * `PLAN_FROZEN`.
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
      options?: TextFileStreamOptions,
    ): DStream<Uint8Array>
  }
}

/** Elements that a reader makes of a whole file: no stream has them. */
export const WHOLE_FILES = 'whole files'

StreamingContext.prototype.textFileStream = function (name, options = {}) {
  const { existing, remember, onOverwrite } = options
  return watch(this, 'textFileStream', name, {
    ...(existing === undefined ? {} : { existing }),
    ...(remember === undefined ? {} : { remember }),
    ...(onOverwrite === undefined ? {} : { onOverwrite }),
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
      allowed: 'a whole number of bytes, from 1',
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
      problem: `${operator}() needs a place to watch`,
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
  const { existing = 'ignore', remember, onOverwrite, filter, read } = options
  // Spark: FileInputDStream rounds the window up to whole batches.
  const leastMs =
    remember === undefined ? DEFAULT_REMEMBER_MS : checkDurationMs('remember', remember)
  const rememberMs = Math.ceil(leastMs / intervalMs) * intervalMs
  return Object.freeze({
    existing,
    rememberMs,
    ignoredMs: rememberMs + intervalMs,
    ...(onOverwrite === undefined ? {} : { onOverwrite }),
    ...(filter === undefined ? {} : { filter }),
    ...(read === undefined ? {} : { read }),
  })
}

/** Cuts a file into records of one length. */
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
