import { isUtf8 } from 'node:buffer'
import { corrupt } from '../file-errors.ts'
import type { FilePart, SizedFile } from '../file-format.ts'
import { asBuffer, BYTE_ORDER_MARK } from '../text-lines.ts'
import { CsvRows, type CsvSettings, dialectOf, fieldsOf } from './csv-rows.ts'
import { RowParts } from './row-parts.ts'
import { ROW_BYTES_MAX, RowScanner } from './scan.ts'

/** The first row of a file, and where the next one begins. Undefined: there is none. */
interface Header {
  readonly row: Buffer | undefined
  readonly end: number
}

const FIRST_BYTES = 64 * 1024

/**
 * The parts of a CSV file. The header is read once, here.
 *
 * @throws MillraceError `OBJECT_CORRUPT` when the header does not fit.
 */
export const openCsv =
  (settings: CsvSettings) =>
  async (file: SizedFile): Promise<readonly FilePart[]> => {
    const { row, end } = await readHeader(file, settings)
    const { header } = settings
    if (header === true && row === undefined) return []
    const named = header === true && row !== undefined ? namesIn(row, settings, file) : header
    const names = typeof named === 'boolean' ? undefined : named
    if (names !== undefined) checkNames(names, settings, file)
    const rows = new CsvRows(settings, names)
    const parts = new RowParts(file, dialectOf(settings), end)
    const { partBytes, sizeBytes } = file
    return Array.from({ length: parts.count }, (_, index) => ({
      sizeBytes: Math.min(partBytes, sizeBytes - index * partBytes),
      from: index * partBytes,
      read: async () => rows.read(await parts.read(index)),
    }))
  }

const namesIn = (row: Buffer, settings: CsvSettings, file: SizedFile): readonly string[] => {
  if (!isUtf8(row)) throw corrupt(file, 'The header of a CSV file is not UTF-8')
  try {
    return fieldsOf(row, settings)
  } catch (error) {
    throw corrupt(file, 'The header of a CSV file cannot be read', error)
  }
}

const readHeader = async (file: SizedFile, settings: CsvSettings): Promise<Header> => {
  for (let most = FIRST_BYTES; ; most *= 4) {
    const to = Math.min(most, file.sizeBytes)
    const bytes = asBuffer(await file.read(0, to))
    const isLast = to === file.sizeBytes
    const found = findHeader(bytes, settings, isLast)
    if (found !== undefined) return found
    if (isLast) return { row: undefined, end: bytes.length }
    if (most > ROW_BYTES_MAX * (settings.skipLines + 2))
      throw corrupt(file, 'The header of a CSV file does not end')
  }
}

/** Undefined: it ends beyond these bytes. */
const findHeader = (bytes: Buffer, settings: CsvSettings, isLast: boolean): Header | undefined => {
  const hasMark = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  let at = hasMark ? BYTE_ORDER_MARK.length : 0
  // Lines that are left out are text of any kind, so quotes mean nothing in them.
  const lines = new RowScanner(bytes, { delimiter: 0, quote: -1, escape: -1 }, isLast)
  for (let line = 0; line < settings.skipLines; line++) {
    const end = lines.endOf(at)
    if (end === undefined) return undefined
    at = end
  }
  if (settings.header !== true) return { row: undefined, end: at }
  const rows = new RowScanner(bytes, dialectOf(settings), isLast)
  while (at < bytes.length) {
    const end = rows.endOf(at)
    if (end === undefined) return undefined
    const row = bytes.subarray(at, end)
    at = end
    if (row.toString().trim() !== '') return { row, end }
  }
  return isLast ? { row: undefined, end: at } : undefined
}

const checkNames = (
  names: readonly string[],
  { columns = {} }: CsvSettings,
  file: SizedFile,
): void => {
  const known = names.filter((name) => name !== '')
  const twice = known.find((name, index) => known.indexOf(name) !== index)
  if (twice !== undefined)
    throw corrupt(file, `The header of a CSV file names the column "${twice}" twice`)
  const missing = Object.keys(columns).find((name) => !known.includes(name))
  if (missing !== undefined)
    throw corrupt(
      file,
      `A CSV file has no column "${missing}", but ${known.map((name) => `"${name}"`).join(', ')}`,
    )
}
