/**
 * Rows of CSV as elements. A row that cannot be read is given as what stands in the file: its text
 * with the header above it, a small file of its own. So `decodeRow` can say what is wrong with it,
 * and read it again when it is redriven.
 */
import type { Options } from 'csv-parse/sync'
import { isUtf8 } from 'node:buffer'
import { MillraceError } from '../../base/errors.ts'
import { loadPackage } from '../../base/load-package.ts'
import { setField } from '../../base/set-field.ts'
import { type Encoded, textOf, unreadable } from '../record-format.ts'
import { CR, withoutMark } from '../text-lines.ts'
import { type CsvType, fieldReader, type FieldReader, misfit } from './columns.ts'
import { type Dialect, endOfText, hasStrayQuote, rowsIn } from './scan.ts'

/** The settings of a CSV format, with their defaults. */
export interface CsvSettings {
  readonly delimiter: string
  /** Empty: there are no quotes. */
  readonly quote: string
  /** What stands before a quote inside of quotes. The quote itself: it is doubled. */
  readonly escape: string
  /** True: the first row. False: there are no names, and rows are arrays. */
  readonly header: boolean | readonly string[]
  /** Lines before the header that are left out. */
  readonly skipLines: number
  /** Undefined: all columns, as text. */
  readonly columns: Readonly<Record<string, CsvType>> | undefined
  readonly isGuessed: boolean
  readonly allowsShort: boolean
}

type Parse = (bytes: Buffer, options: Options) => unknown[]

/** The library, once it is loaded. Tests count what it is given. */
export const csvLibrary: { parse?: Parse } = {}

/** Loads the library. */
export const prepareCsv = async (): Promise<void> => {
  csvLibrary.parse ??= (await loadPackage('csv()', () => import('csv-parse/sync'))).parse
}

const parseWith: Parse = (bytes, options) => {
  if (csvLibrary.parse === undefined) throw new TypeError('csv-parse is not loaded')
  return csvLibrary.parse(bytes, options)
}

/** The bytes that matter of a dialect. */
export const dialectOf = ({ delimiter, quote, escape }: CsvSettings): Dialect => ({
  delimiter: delimiter.charCodeAt(0),
  quote: quote === '' ? -1 : quote.charCodeAt(0),
  escape: quote === '' ? -1 : escape.charCodeAt(0),
})

/**
 * The fields of some rows. All have as many as the first one, if `isEven`. Throws for what the
 * library does not take.
 */
const fieldsOfRows = (
  rows: Buffer,
  { delimiter, quote, escape }: CsvSettings,
  isEven: boolean,
): unknown[][] =>
  parseWith(rows, {
    delimiter,
    quote: quote === '' ? null : quote,
    escape: quote === '' ? null : escape,
    // The library looks for each of the line ends at each byte.
    record_delimiter: rows.includes(CR) ? ['\r\n', '\n', '\r'] : '\n',
    skip_empty_lines: true,
    relax_column_count: !isEven,
  }) as unknown[][]

/** The fields of one row. */
export const fieldsOf = (row: Buffer, settings: CsvSettings): readonly string[] =>
  (fieldsOfRows(row, settings, true)[0] ?? []) as string[]

/** Reads the rows of one file, whose columns are known. */
export class CsvRows {
  readonly #settings: CsvSettings
  readonly #dialect: Dialect
  readonly #names: readonly string[] | undefined
  /** Undefined: the column is left out. */
  readonly #columns: readonly (FieldReader | undefined)[]
  /** Whether rows of another length than the first one are bad. */
  readonly #isEven: boolean

  /** `names`: those of the columns. Undefined: rows are arrays. */
  constructor(settings: CsvSettings, names: readonly string[] | undefined) {
    const { columns, isGuessed, allowsShort } = settings
    this.#settings = settings
    this.#dialect = dialectOf(settings)
    this.#names = names
    this.#isEven = names !== undefined && !allowsShort
    const isWanted = (name: string): boolean =>
      name !== '' && (columns === undefined || Object.hasOwn(columns, name))
    this.#columns = (names ?? []).map((name) =>
      isWanted(name) ? fieldReader(name, columns?.[name], isGuessed) : undefined,
    )
  }

  /** The elements of some whole rows, with what stands in the file for those that are bad. */
  read(pieces: readonly Buffer[]): readonly unknown[] {
    const elements: unknown[] = []
    for (const piece of pieces) for (const one of this.#readPiece(piece)) elements.push(one)
    return elements
  }

  #readPiece(bytes: Buffer): readonly unknown[] {
    const read = isUtf8(bytes) ? this.#fields(bytes, this.#isEven) : undefined
    if (read !== undefined) return this.#elements(read, () => this.#rowsIn(bytes))
    const rows = this.#rowsIn(bytes)
    return this.#readSound(rows) ?? this.#readEach(rows)
  }

  /** Undefined: one of the rows is bad. */
  #fields(bytes: Buffer, isEven: boolean): unknown[][] | undefined {
    try {
      return fieldsOfRows(bytes, this.#settings, isEven)
    } catch {
      return undefined
    }
  }

  #rowsIn(bytes: Buffer): readonly Buffer[] {
    return rowsIn(bytes, this.#dialect).map(([from, to]) => bytes.subarray(from, to))
  }

  /** `rowsOf`: the same rows as they are in the file. */
  #elements(read: unknown[], rowsOf: () => readonly Buffer[]): readonly unknown[] {
    let rows: readonly Buffer[] | undefined
    for (const [index, fields] of read.entries()) {
      const element = this.#elementOf(fields as readonly string[])
      if (element === undefined) rows ??= rowsOf()
      // The fields are not needed any more.
      read[index] = element ?? this.#asFile(rows?.[index] as Buffer)
    }
    return read
  }

  /**
   * The elements of rows of which any number may be bad: in a file with a column too many, all are.
   * Their fields are read at once, without errors of the library, which are slow. Undefined: the
   * library takes other rows than expected.
   */
  #readSound(rows: readonly Buffer[]): readonly unknown[] | undefined {
    const isSound = rows.map((row) => isUtf8(row) && !hasStrayQuote(row, this.#dialect))
    const sound = rows.filter((_, index) => isSound[index])
    const read = this.#fields(Buffer.concat(sound), false)
    if (read?.length !== sound.length) return undefined
    const elements = this.#elements(read, () => sound)
    let next = 0
    return rows.map((row, index) =>
      isSound[index] === true ? elements[next++] : this.#asFile(row),
    )
  }

  /** Undefined: the row is bad. */
  #elementOf(fields: readonly string[]): unknown {
    if (this.#names === undefined) return fields
    const columns = this.#columns
    if (fields.length !== columns.length && !this.#isShort(fields)) return undefined
    const row: Record<string, unknown> = {}
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index]
      const field = fields[index]
      if (column === undefined || (field === undefined && !column.isTyped)) continue
      const { read, name } = column
      const value = field === undefined ? null : read === undefined ? field : read(field)
      if (value === undefined) return undefined
      setField(row, name, value)
    }
    return row
  }

  /** Whether a row has too few fields, and may. */
  #isShort(fields: readonly string[]): boolean {
    return this.#settings.allowsShort && fields.length < this.#columns.length
  }

  /** The slow way, for rows that are alone. */
  #readEach(rows: readonly Buffer[]): readonly unknown[] {
    return rows.flatMap((row) => {
      const read = isUtf8(row) ? this.#fields(row, false) : undefined
      if (read === undefined || read.length > 1) return [this.#asFile(row)]
      return this.#elements(read, () => [row])
    })
  }

  /** The element of a row that must be the only one. */
  readOne(row: Buffer | undefined, others: readonly Buffer[]): unknown {
    if (row === undefined) throw new SyntaxError('it has no row')
    if (others.length > 0) throw new SyntaxError('it has more than one row')
    const [fields = []] = fieldsOfRows(row, this.#settings, true) as string[][]
    return this.#elementOf(fields) ?? this.#refuse(fields)
  }

  #refuse(fields: readonly string[]): never {
    for (const [index, column] of this.#columns.entries()) {
      const field = fields[index]
      if (column?.read === undefined || field === undefined) continue
      if (column.read(field) === undefined) throw misfit(column, field)
    }
    throw new SyntaxError(`it has ${fields.length} fields, not ${this.#columns.length}`)
  }

  /** A row with the header above it. As bytes, if it is not UTF-8. */
  #asFile(row: Buffer): string | Uint8Array {
    const { header } = this.#settings
    const isNamed = header === true && this.#names !== undefined
    const first = isNamed ? `${rowText(this.#names, this.#settings)}\n` : ''
    const content = Buffer.concat([Buffer.from(first), row.subarray(0, endOfText(row))])
    return isUtf8(content) ? content.toString() : new Uint8Array(content)
  }
}

/** Fields as a row, without its line end. */
export const rowText = (
  fields: readonly string[],
  settings: Pick<CsvSettings, 'delimiter' | 'quote' | 'escape'>,
): string => {
  const { delimiter, quote } = settings
  const text = fields.map((field) => quoted(field, settings)).join(delimiter)
  if (text !== '') return text
  // An empty line is no row.
  if (quote !== '') return quote + quote
  throw new MillraceError('VALUE_UNSUPPORTED', {
    problem: 'A row of one empty field would be an empty line, but the format has no quotes',
    value: fields,
    fix: 'allow quotes, or leave out such elements first',
  })
}

const quoted = (
  field: string,
  { delimiter, quote, escape }: Pick<CsvSettings, 'delimiter' | 'quote' | 'escape'>,
): string => {
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
  if (isPlain) return field
  const escaped = escape === quote ? field : field.replaceAll(escape, escape + escape)
  return `${quote}${escaped.replaceAll(quote, escape + quote)}${quote}`
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
