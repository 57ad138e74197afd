import type { Duration } from '../../base/duration.ts'
import type { FileFormat } from '../../formats/file-format.ts'
import type { FileReader } from './file-selection.ts'

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
   * What happens to a file that appears later than `remember` allows. `'take'`: a batch reads it.
   * `'ignore'`: it is left out, as in Spark, and the event `leftOut` counts it. `'dead-letter'`: it
   * is put aside as a whole (`OBJECT_LATE`), and can be redriven. Nothing is late with `existing:
   * 'all'`. Default: `'take'` in a bucket, where S3 itself gives the time, and `'ignore'` in a
   * directory. In a bucket, `'ignore'` is Spark's rule of the modification time.
   */
  readonly lateFiles?: 'ignore' | 'take' | 'dead-letter'
  /**
   * What happens to a file that was read and gets another name. `'new'`: it is read again, as in
   * Spark. `'ignore'`: it is not. In a directory it is known by its inode, its time and its size;
   * in a bucket by its size and entity tag, if S3 says that it is a copy, or the other object is
   * gone. Default `'new'`.
   */
  readonly onRename?: 'new' | 'ignore'
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

/**
 * Settings of `fileStream` with a format.
 *
 * @example ssc.fileStream('drop', { format: jsonLines(), existing: 'all' })
 */
export interface FormatStreamOptions<T>
  extends TextFileStreamOptions, Pick<FileStreamOptions<T>, 'filter'> {
  /** How files are read: `jsonLines()`, or another format of `millrace/formats`. */
  readonly format: FileFormat<T>
}
