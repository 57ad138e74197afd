/**
 * Rows of CSV as elements. A row that cannot be read is given as what stands in the file: its text
 * with the header above it, a small file of its own. So `decodeRow` can say what is wrong with it,
 * and read it again when it is redriven.
 */
import type { Options } from 'csv-parse/sync'
import { isUtf8 } from 'node:buffer'
import { MillraceError } from '../../base/errors.ts'
import { loadPackage } from '../../base/load-package.ts'
import { type Encoded, textOf, unreadable } from '../record-format.ts'
import { withoutMark } from '../text-lines.ts'
import { type ConvertRow, convertRow, type CsvType } from './columns.ts'
import { type Dialect, endOfText, hasStrayQuote, rowsIn } from './scan.ts'

/** The settings of a CSV format, with their defaults. */
export interface CsvSettings {
  readonly delimiter: string
  /** Empty: there are no quotes. */
  readonly quote: string
  /** True: the first row. False: there are no names, and rows are arrays. */
  readonly header: boolean | readonly string[]
  /** Lines before the header that are left out. */
  readonly skipLines: number
  /** Undefined: all columns, as text. */
  readonly columns: Readonly<Record<string, CsvType>> | undefined
  readonly isGuessed: boolean
  readonly allowsShort: boolean
}

const CARRIAGE_RETURN = 0x0d

type Parse = (bytes: Buffer, options: Options) => unknown[]

let parse: Parse | undefined

/** Loads the library. */
export const prepareCsv = async (): Promise<void> => {
  parse ??= (await loadPackage('csv()', () => import('csv-parse/sync'))).parse
}

const parseWith: Parse = (bytes, options) => {
  if (parse === undefined) throw new TypeError('csv-parse is not loaded')
  return parse(bytes, options)
}

/** The bytes that matter of a dialect. */
export const dialectOf = ({ delimiter, quote }: CsvSettings): Dialect => ({
  delimiter: delimiter.charCodeAt(0),
  quote: quote === '' ? -1 : quote.charCodeAt(0),
})

/** The fields of some rows, whatever their number is. */
const fieldsOfRows = (rows: Buffer, settings: CsvSettings): readonly (readonly string[])[] =>
  parseWith(rows, { ...libraryOptions(settings), relax_column_count: true }) as string[][]

/** The fields of one row. */
export const fieldsOf = (row: Buffer, settings: CsvSettings): readonly string[] =>
  fieldsOfRows(row, settings)[0] ?? []

/** As the library does it. */
const setField = (row: Record<string, unknown>, name: string, value: string): void => {
  if (name !== '__proto__') row[name] = value
  else
    Object.defineProperty(row, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
}

const libraryOptions = ({ delimiter, quote, allowsShort }: CsvSettings): Options => ({
  delimiter,
  quote: quote === '' ? null : quote,
  escape: quote === '' ? null : quote,
  record_delimiter: ['\r\n', '\n', '\r'],
  skip_empty_lines: true,
  relax_column_count_less: allowsShort,
})

/** Reads the rows of one file, whose columns are known. */
export class CsvRows {
  readonly #settings: CsvSettings
  readonly #names: readonly string[] | undefined
  readonly #convert: ConvertRow | undefined
  readonly #options: Options
  /** The same, for rows that end with a line feed alone. */
  readonly #unixOptions: Options
  /** False: the column is left out. */
  readonly #columns: readonly (string | false)[]

  /** `names`: those of the columns. Undefined: rows are arrays. */
  constructor(settings: CsvSettings, names: readonly string[] | undefined) {
    const { columns, isGuessed } = settings
    this.#settings = settings
    this.#names = names
    this.#convert = names && convertRow(columns, isGuessed)
    const isWanted = (name: string): boolean =>
      name !== '' && (columns === undefined || Object.hasOwn(columns, name))
    this.#columns = names?.map((name) => (isWanted(name) ? name : false)) ?? []
    this.#options = {
      ...libraryOptions(settings),
      columns: names === undefined ? false : [...this.#columns],
    }
    this.#unixOptions = { ...this.#options, record_delimiter: '\n' }
  }

  /** The elements of some whole rows, with what stands in the file for those that are bad. */
  read(bytes: Buffer): readonly unknown[] {
    if (isUtf8(bytes)) {
      try {
        return this.#converted(this.#parse(bytes), bytes)
      } catch {
        // One of the rows is bad. Which one is found below.
      }
    }
    const rows = rowsIn(bytes, dialectOf(this.#settings)).map(([from, to]) =>
      bytes.subarray(from, to),
    )
    return this.#readSound(rows) ?? this.#readEach(rows)
  }

  /**
   * The elements of rows of which any number may be bad: in a file with a column too many, all are.
   * Their fields are read at once, without errors of the library, which are slow. Undefined: the
   * library takes other rows than expected.
   */
  #readSound(rows: readonly Buffer[]): readonly unknown[] | undefined {
    const dialect = dialectOf(this.#settings)
    const isSound = rows.map((row) => isUtf8(row) && !hasStrayQuote(row, dialect))
    const sound = Buffer.concat(rows.filter((_, index) => isSound[index]))
    let read: readonly (readonly string[])[]
    try {
      read = fieldsOfRows(sound, this.#settings)
    } catch {
      return undefined
    }
    if (read.length !== isSound.filter(Boolean).length) return undefined
    let next = 0
    return rows.map((row, index) => {
      const fields = isSound[index] === true ? read[next++] : undefined
      return (fields && this.#elementOf(fields)) ?? this.#asFile(row)
    })
  }

  /** Undefined: the row is bad. */
  #elementOf(fields: readonly string[]): unknown {
    const names = this.#names
    if (names === undefined) return fields
    const { length } = fields
    if (length > names.length || (length < names.length && !this.#settings.allowsShort))
      return undefined
    const row: Record<string, unknown> = {}
    for (const [index, field] of fields.entries()) {
      const name = this.#columns[index]
      if (typeof name === 'string') setField(row, name, field)
    }
    try {
      this.#convert?.(row)
      return row
    } catch {
      return undefined
    }
  }

  /** The slow way, for rows that are alone. */
  #readEach(rows: readonly Buffer[]): readonly unknown[] {
    return rows.flatMap((row) => this.#goodRows(row) ?? [this.#asFile(row)])
  }

  /** The element of a row that must be the only one. */
  readOne(row: Buffer | undefined, others: readonly Buffer[]): unknown {
    if (row === undefined) throw new SyntaxError('it has no row')
    if (others.length > 0) throw new SyntaxError('it has more than one row')
    const [element] = this.#parse(row)
    this.#convert?.(element as Record<string, unknown>)
    return element
  }

  /** Undefined: one of them is bad. */
  #goodRows(bytes: Buffer): readonly unknown[] | undefined {
    if (!isUtf8(bytes)) return undefined
    try {
      const rows = this.#parse(bytes)
      for (const row of rows) this.#convert?.(row as Record<string, unknown>)
      return rows
    } catch {
      return undefined
    }
  }

  #parse(bytes: Buffer): unknown[] {
    // The library looks for each of the line ends at each byte.
    const isUnix = !bytes.includes(CARRIAGE_RETURN)
    return parseWith(bytes, isUnix ? this.#unixOptions : this.#options)
  }

  #converted(rows: unknown[], bytes: Buffer): readonly unknown[] {
    if (this.#convert === undefined) return rows
    let ranges: readonly (readonly [from: number, to: number])[] | undefined
    for (const [index, row] of rows.entries()) {
      try {
        this.#convert(row as Record<string, unknown>)
      } catch {
        ranges ??= rowsIn(bytes, dialectOf(this.#settings))
        const [from, to] = ranges[index] as readonly [number, number]
        rows[index] = this.#asFile(bytes.subarray(from, to))
      }
    }
    return rows
  }

  /** A row with the header above it. As bytes, if it is not UTF-8. */
  #asFile(row: Buffer): string | Uint8Array {
    const { header, delimiter, quote } = this.#settings
    const isNamed = header === true && this.#names !== undefined
    const first = isNamed ? `${rowText(this.#names, { delimiter, quote })}\n` : ''
    const content = Buffer.concat([Buffer.from(first), row.subarray(0, endOfText(row))])
    return isUtf8(content) ? content.toString() : new Uint8Array(content)
  }
}

/** Fields as a row, without its line end. */
export const rowText = (
  fields: readonly string[],
  { delimiter, quote }: Pick<CsvSettings, 'delimiter' | 'quote'>,
): string => {
  const text = fields.map((field) => quoted(field, delimiter, quote)).join(delimiter)
  if (text !== '') return text
  // An empty line is no row.
  if (quote !== '') return quote + quote
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: 'A row of one empty field would be an empty line, but the format has no quotes',
    value: fields,
    fix: 'allow quotes, or leave out such elements first',
  })
}

const quoted = (field: string, delimiter: string, quote: string): string => {
  if (quote === '') {
    if (!field.includes(delimiter) && !/[\r\n]/.test(field)) return field
    throw new MillraceError('VALUE_UNSUPPORTED', {
      problem: 'A field has a delimiter or a line end, but the format has no quotes',
      value: field,
      fix: 'allow quotes, or map such fields first',
    })
  }
  const isPlain =
    !field.includes(delimiter) && !field.includes(quote) && !/[\r\n]|^\s|\s$/.test(field)
  return isPlain ? field : `${quote}${field.replaceAll(quote, quote + quote)}${quote}`
}

/** The element of a record of a file: of a row as it is, or of a small file with one row. */
export const decodeRow =
  (settings: CsvSettings) =>
  (record: unknown): unknown => {
    const isRaw = typeof record === 'string' || record instanceof Uint8Array
    return isRaw ? readAlone(record, settings) : record
  }

/** Reads a text of one row, with a header if the settings have one. */
export const readAlone = (record: Encoded, settings: CsvSettings): unknown => {
  try {
    const bytes = withoutMark(Buffer.from(textOf(record)))
    const [first, ...others] = rowsIn(bytes, dialectOf(settings)).map(([from, to]) =>
      bytes.subarray(from, to),
    )
    const { header } = settings
    if (header === false) return new CsvRows(settings, undefined).readOne(first, others)
    if (header !== true) return new CsvRows(settings, header).readOne(first, others)
    const names = first === undefined ? [] : fieldsOf(first, settings)
    return new CsvRows(settings, names).readOne(others[0], others.slice(1))
  } catch (error) {
    throw unreadable('a row of CSV', record, error)
  }
}
