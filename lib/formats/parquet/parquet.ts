import { MillraceError } from '../../base/errors.ts'
import { type ColumnType, columnTypes } from '../file-columns.ts'
import type { FileFormat } from '../file-format.ts'
import { encodeParquet, prepareWriting } from './encode.ts'
import { openParquet, prepareReading } from './open.ts'

/**
 * Settings of `parquet`.
 *
 * @example parquet({ columns: ['shop', 'price'] })
 */
export interface ParquetOptions {
  /** The columns to read. The others are not even fetched. Default: all. */
  readonly columns?: readonly string[]
  /**
   * Whether bytes that the file does not call text are text in UTF-8, as some old programs write
   * it. Default false: they are a `Uint8Array`.
   */
  readonly bytesAsText?: boolean
  /**
   * The columns to write, and their types. Default: all fields of the elements, each with a type
   * that fits its values in the file. Give them where files must agree although some have only
   * nulls.
   */
  readonly types?: Readonly<Record<string, ColumnType>>
}

/**
 * Parquet files. Read: each row is an object, and each row group of a large file is read by itself.
 * Whole numbers of 64 bits are bigints, decimals are numbers, times are dates, lists are arrays,
 * and structures and maps are objects. Compressed with Snappy, gzip, zstd or Brotli, or not. Needs
 * the package `hyparquet`. Written: each file is one table. Needs `hyparquet-writer`.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when an option is not of the allowed form.
 * @example
 * ```ts
 * const format = parquet<{ shop: string; price: number }>({ columns: ['shop', 'price'] })
 * ssc.fileStream('drop', { format }).map(({ price }) => price)
 * ```
 */
export const parquet = <T = Readonly<Record<string, unknown>>>({
  columns,
  bytesAsText = false,
  types,
}: ParquetOptions = {}): FileFormat<T> => {
  check('columns', columns, 'an array of names', columns === undefined || isNames(columns))
  check('bytesAsText', bytesAsText, 'true or false', typeof bytesAsText === 'boolean')
  const allowed = `a type for each column: ${columnTypes.join(', ')}`
  check(
    'types',
    types,
    allowed,
    Object.values(types ?? {}).every((one) => columnTypes.includes(one)),
  )
  return Object.freeze({
    name: 'parquet',
    settings: Object.freeze({
      columns: columns === undefined ? null : JSON.stringify(columns),
      bytesAsText,
      types: types === undefined ? null : JSON.stringify(types),
    }),
    extension: '.parquet',
    reading: Object.freeze({
      shape: 'parts',
      isText: false,
      isSplittable: true,
      prepare: prepareReading,
      open: openParquet({ columns, bytesAsText }),
    }),
    writing: Object.freeze({
      joins: false,
      prepare: prepareWriting,
      encode: encodeParquet(types),
    }),
  })
}

const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string')

const check = (option: string, value: unknown, allowed: string, isAllowed: boolean): void => {
  if (isAllowed) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `parquet() does not allow this value of ${option}`,
    value,
    allowed,
  })
}
