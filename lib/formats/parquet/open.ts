/**
 * Parquet files, row group by row group. The footer is read once; then each row group is a part,
 * and is read in few requests: in one, if at least half of its bytes belong to columns that are
 * wanted.
 */
import type * as Hyparquet from 'hyparquet'
import type { AsyncBuffer, FileMetaData, RowGroup } from 'hyparquet'
import { loadPackage } from '../../base/load-package.ts'
import { corrupt, corruptPart, tooLarge } from '../file-errors.ts'
import type { FilePart, SizedFile } from '../file-format.ts'
import { compressors } from './compressors.ts'
import { exactDecimals } from './decimals.ts'

/** What of a file is read. */
export interface ParquetReading {
  /** Undefined: all columns. */
  readonly columns: readonly string[] | undefined
  /** Whether bytes without a type are text. */
  readonly bytesAsText: boolean
}

let library: typeof Hyparquet | undefined

/** Loads the library. */
export const prepareReading = async (): Promise<void> => {
  library ??= await loadPackage('parquet()', async () => import('hyparquet'))
}

const loaded = (): typeof Hyparquet => {
  if (library === undefined) throw new TypeError('hyparquet is not loaded')
  return library
}

/** A larger row group, by its bytes without compression, is put aside. 512 MiB. */
const GROUP_BYTES_MAX = 512 * 1024 * 1024

/** Most footers are smaller. Of a larger one, the rest is read too. */
const FOOTER_BYTES = 64 * 1024

/**
 * The row groups of a file.
 *
 * @throws MillraceError `OBJECT_CORRUPT` when it is not Parquet, or a column is missing.
 */
export const openParquet =
  (reading: ParquetReading) =>
  async (file: SizedFile): Promise<readonly FilePart[]> => {
    const metadata = await metadataOf(file)
    checkColumns(file, metadata, reading)
    let first = 0
    return metadata.row_groups.flatMap((group) => {
      const rows = Number(group.num_rows)
      const from = first
      first += rows
      if (rows === 0) return []
      return [
        {
          sizeBytes: bytesOf(group),
          from,
          recordCount: rows,
          read: () => readGroup(file, metadata, group, { ...reading, from, rows }),
        },
      ]
    })
  }

const metadataOf = async (file: SizedFile): Promise<FileMetaData> => {
  try {
    return await loaded().parquetMetadataAsync(bufferOf(file), {
      initialFetchSize: FOOTER_BYTES,
      geoparquet: false,
    })
  } catch (error) {
    throw corrupt(file, 'The footer of a Parquet file cannot be read', error)
  }
}

const checkColumns = (
  file: SizedFile,
  metadata: FileMetaData,
  { columns = [] }: ParquetReading,
): void => {
  const known = loaded()
    .parquetSchema(metadata)
    .children.map(({ element }) => element.name)
  const missing = columns.find((name) => !known.includes(name))
  if (missing === undefined) return
  throw corrupt(
    file,
    `A Parquet file has no column "${missing}", but ${known.map((name) => `"${name}"`).join(', ')}`,
  )
}

/** The columns of lists, structures and maps. Where they are null, the library gives undefined. */
const nestedIn = (
  metadata: FileMetaData,
  columns: readonly string[] | undefined,
): readonly string[] =>
  loaded()
    .parquetSchema(metadata)
    .children.filter(({ children }) => children.length > 0)
    .map(({ element }) => element.name)
    .filter((name) => columns?.includes(name) ?? true)

/** The columns that have decimals, with what makes them exact. */
const decimalsIn = (
  metadata: FileMetaData,
  columns: readonly string[] | undefined,
): readonly (readonly [name: string, exact: (value: unknown) => unknown])[] =>
  loaded()
    .parquetSchema(metadata)
    .children.flatMap((column) => {
      const { name } = column.element
      const exact = columns?.includes(name) === false ? undefined : exactDecimals(column)
      return exact === undefined ? [] : [[name, exact] as const]
    })

const withNulls = (value: unknown): unknown => {
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (Array.isArray(value)) return value.map(withNulls)
  if (ArrayBuffer.isView(value)) return value
  for (const [name, field] of Object.entries(value))
    if (field === undefined || typeof field === 'object')
      (value as Record<string, unknown>)[name] = withNulls(field)
  return value
}

const bytesOf = ({ columns, total_byte_size: all }: RowGroup): number => {
  const stored = columns.map(({ meta_data: data }) => Number(data?.total_compressed_size ?? 0))
  return stored.reduce((total, size) => total + size, 0) || Number(all)
}

const readGroup = async (
  file: SizedFile,
  metadata: FileMetaData,
  group: RowGroup,
  reading: ParquetReading & { readonly from: number; readonly rows: number },
): Promise<readonly unknown[]> => {
  const { columns, from, rows, bytesAsText } = reading
  if (Number(group.total_byte_size) > GROUP_BYTES_MAX)
    throw tooLarge(
      file,
      `has a row group of ${group.total_byte_size} bytes`,
      `${GROUP_BYTES_MAX} bytes, before compression`,
    )
  try {
    const read = await loaded().parquetReadObjects({
      file: await groupBuffer(file, group, columns),
      metadata,
      rowStart: from,
      rowEnd: from + rows,
      ...(columns === undefined ? {} : { columns: [...columns] }),
      utf8: bytesAsText,
      compressors,
    })
    for (const name of nestedIn(metadata, columns))
      for (const row of read) row[name] = withNulls(row[name])
    for (const [name, exact] of decimalsIn(metadata, columns))
      for (const row of read) row[name] = exact(row[name])
    return read
  } catch (error) {
    throw corruptPart(file, `The row group at row ${from} of a Parquet file cannot be read`, error)
  }
}

/** The bytes of a file as the library asks for them. */
const bufferOf = ({ sizeBytes, read }: SizedFile): AsyncBuffer => ({
  byteLength: sizeBytes,
  slice: async (from, to = sizeBytes) => exactly(await read(from, to)),
})

/** The library wants memory of its own. */
const exactly = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer as ArrayBuffer

/** The bytes of a row group. They are read at once if most of them are wanted. */
const groupBuffer = async (
  file: SizedFile,
  group: RowGroup,
  columns: readonly string[] | undefined,
): Promise<AsyncBuffer> => {
  const ranges = group.columns.flatMap(({ meta_data: data }) => {
    if (data === undefined) return []
    if (columns !== undefined && !columns.includes(data.path_in_schema[0] ?? '')) return []
    const from = Number(data.dictionary_page_offset ?? data.data_page_offset)
    const begin = Math.min(from, Number(data.data_page_offset))
    return [{ from: begin, to: begin + Number(data.total_compressed_size) }]
  })
  const whole = bufferOf(file)
  const from = ranges.reduce((least, range) => Math.min(least, range.from), file.sizeBytes)
  const to = ranges.reduce((most, range) => Math.max(most, range.to), 0)
  const wanted = ranges.reduce((total, range) => total + range.to - range.from, 0)
  if (to <= from || wanted < (to - from) / 2) return whole
  const held = exactly(await file.read(from, to))
  return {
    byteLength: file.sizeBytes,
    slice: (begin, end = file.sizeBytes) =>
      begin >= from && end <= to ? held.slice(begin - from, end - from) : whole.slice(begin, end),
  }
}
