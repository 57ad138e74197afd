import { MillraceError } from '../../base/errors.ts'
import type { FileFormat } from '../file-format.ts'
import type { Encoded, FormatSettings, RecordFormat } from '../record-format.ts'
import { type CsvRow, type CsvType, csvTypes } from './columns.ts'
import { type CsvSettings, decodeRow, prepareCsv, readAlone } from './csv-rows.ts'
import { encodeCsv } from './encode.ts'
import { openCsv } from './open.ts'

type Columns = Readonly<Record<string, CsvType>>

/**
 * Settings of `csv` and `tsv`.
 *
 * @example csv({ delimiter: ';', columns: { name: 'text', price: 'number', at: 'date' } })
 */
export interface CsvOptions<C extends Columns = Columns> {
  /** What separates fields: one character of ASCII. Default `,`, and a tab in `tsv`. */
  readonly delimiter?: string
  /**
   * What fields are enclosed in, if they have delimiters, quotes or line ends: one character of
   * ASCII. Inside of a field it is doubled, if `escape` does not say otherwise. `''`: there are
   * none, and files are read faster in parallel. Default `"`.
   */
  readonly quote?: string
  /**
   * What stands before a quote inside of quotes, and before itself: one character of ASCII. Spark
   * writes `\\`. Default: the quote, so that it is doubled.
   */
  readonly escape?: string
  /**
   * Where the names of columns are. `true`: in the first row of each file. Names in an array: files
   * have no header. `false`: columns have no names, and each row is an array. Default `true`.
   */
  readonly header?: boolean | readonly string[]
  /** How many lines before the header are left out, such as a title. Default 0. */
  readonly skipLines?: number
  /**
   * The columns to read, and the type of each; the others are left out. Default: all columns, as
   * text.
   */
  readonly columns?: C
  /**
   * `'auto'`: fields that are numbers, `true` or `false` become such values, and empty ones null,
   * field by field. Default `'text'`: they stay as they are.
   */
  readonly types?: 'text' | 'auto'
  /**
   * Whether a row may have too few fields: the last columns are missing then. Default false: it is
   * a bad row. One with too many fields always is.
   */
  readonly allowShort?: boolean
}

/**
 * CSV as RFC 4180 describes it, with quotes that may go over several lines. Each row is an object
 * with the names of the header. A bad row (too many fields, a field that is not of its type, a
 * stray quote) becomes a dead letter of its own, with the header above it, and the others go on. A
 * file whose header does not fit becomes a dead letter as a whole. Needs the package `csv-parse`.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when an option is not of the allowed form.
 * @example
 * ```ts
 * ssc
 *   .fileStream('drop', { format: csv({ columns: { shop: 'text', price: 'number' } }) })
 *   .mapToPair(({ shop, price }) => [shop, price ?? 0])
 *   .reduceByKey((a, b) => a + b)
 *   .print()
 * ```
 */
export function csv<C extends Columns>(
  options: CsvOptions<C> & { readonly columns: C },
): FileFormat<CsvRow<C>>
export function csv(options: CsvOptions & { readonly header: false }): FileFormat<readonly string[]>
export function csv<T = Readonly<Record<string, string>>>(options?: CsvOptions): FileFormat<T>
export function csv(options: CsvOptions = {}): FileFormat<unknown> {
  return formatOf('csv', options, ',')
}

/**
 * Tables with tabs between the fields, otherwise as {@link csv}.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when an option is not of the allowed form.
 * @example ssc.fileStream('drop', { format: tsv({ quote: '' }) }).map(({ name }) => name)
 */
export function tsv<C extends Columns>(
  options: CsvOptions<C> & { readonly columns: C },
): FileFormat<CsvRow<C>>
export function tsv(options: CsvOptions & { readonly header: false }): FileFormat<readonly string[]>
export function tsv<T = Readonly<Record<string, string>>>(options?: CsvOptions): FileFormat<T>
export function tsv(options: CsvOptions = {}): FileFormat<unknown> {
  return formatOf('tsv', options, '\t')
}

/**
 * Records that are one row of CSV each, without a header, for `decode()`: of a stream, or lines.
 * Needs the package `csv-parse`.
 *
 * @param header The names of the columns, in their order.
 * @throws MillraceError `ARGUMENT_INVALID` when an option is not of the allowed form.
 * @example lines.decode(csvRecord(['shop', 'price'])).map(({ shop }) => shop)
 */
export function csvRecord<C extends Columns>(
  header: readonly string[],
  options: Omit<CsvOptions<C>, 'header' | 'skipLines'> & { readonly columns: C },
): RecordFormat<CsvRow<C>>
export function csvRecord<T = Readonly<Record<string, string>>>(
  header: readonly string[],
  options?: Omit<CsvOptions, 'header' | 'skipLines'>,
): RecordFormat<T>
export function csvRecord(
  header: readonly string[],
  options: Omit<CsvOptions, 'header' | 'skipLines'> = {},
): RecordFormat<unknown> {
  const settings = settingsOf('csvRecord', { ...options, header }, ',')
  return Object.freeze({
    name: 'csvRecord',
    settings: planOf(settings),
    prepare: prepareCsv,
    decode: (record: Encoded): unknown => readAlone(record, settings),
  })
}

const formatOf = (name: string, options: CsvOptions, delimiter: string): FileFormat<unknown> => {
  const settings = settingsOf(name, options, delimiter)
  return Object.freeze({
    name,
    settings: planOf(settings),
    extension: `.${name}`,
    reading: Object.freeze({
      shape: 'parts',
      isText: true,
      isSplittable: true,
      prepare: prepareCsv,
      open: openCsv(settings),
      decode: decodeRow(settings),
    }),
    writing: Object.freeze({ joins: false, encode: encodeCsv(settings) }),
  })
}

const refuse = (name: string, option: string, value: unknown, allowed: string): never => {
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${name}() does not allow this value of ${option}`,
    value,
    allowed,
  })
}

const isOneByte = (text: unknown): boolean =>
  typeof text === 'string' && /^[\0-\x7f]$/.test(text) && !/[\r\n]/.test(text)

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((name) => typeof name === 'string') &&
  new Set(value).size === value.length

const settingsOf = (name: string, options: CsvOptions, byDefault: string): CsvSettings => {
  const { delimiter = byDefault, quote = '"', header = true, skipLines = 0 } = options
  const { escape = quote } = options
  const { columns, types = 'text', allowShort = false } = options
  if (!isOneByte(delimiter)) refuse(name, 'delimiter', delimiter, 'one character of ASCII')
  if ((quote !== '' && !isOneByte(quote)) || quote === delimiter)
    refuse(name, 'quote', quote, "one character of ASCII besides the delimiter, or ''")
  if (escape !== quote && (quote === '' || !isOneByte(escape) || escape === delimiter))
    refuse(name, 'escape', escape, 'one character of ASCII besides the delimiter, for quotes')
  if (typeof header !== 'boolean' && !isNames(header))
    refuse(name, 'header', header, 'true, false, or an array of different names')
  if (!Number.isSafeInteger(skipLines) || skipLines < 0)
    refuse(name, 'skipLines', skipLines, 'a whole number from 0')
  if (types !== 'text' && types !== 'auto') refuse(name, 'types', types, "'text' or 'auto'")
  if (typeof allowShort !== 'boolean') refuse(name, 'allowShort', allowShort, 'true or false')
  checkColumns(name, columns, header)
  const isGuessed = types === 'auto' && columns === undefined
  const allowsShort = allowShort
  return { delimiter, quote, escape, header, skipLines, columns, isGuessed, allowsShort }
}

const checkColumns = (
  name: string,
  columns: Columns | undefined,
  header: boolean | readonly string[],
): void => {
  if (columns === undefined) return
  if (header === false) refuse(name, 'columns', columns, 'none if columns have no names')
  for (const [column, type] of Object.entries(columns)) {
    if (!csvTypes.includes(type))
      refuse(name, 'columns', { [column]: type }, `a type for each: ${csvTypes.join(', ')}`)
    if (typeof header !== 'boolean' && !header.includes(column))
      refuse(name, 'columns', column, `names of the header: ${header.join(', ')}`)
  }
}

/** The settings as plain data. What is younger is left out by default, so that plans stay equal. */
const planOf = ({ header, columns, escape, ...settings }: CsvSettings): FormatSettings =>
  Object.freeze({
    ...settings,
    ...(escape === settings.quote ? {} : { escape }),
    header: typeof header === 'boolean' ? header : JSON.stringify(header),
    columns: columns === undefined ? null : JSON.stringify(columns),
  })
