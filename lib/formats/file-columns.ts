/** Types of columns, and elements as columns: for formats that store a table. */
import { MillraceError } from '../base/errors.ts'

/**
 * The type of a column that is written. `'bigint'`: whole numbers of 64 bits, also from numbers.
 * `'date'`: a time in milliseconds. `'json'`: any value that JSON has.
 *
 * @example const price: ColumnType = 'number'
 */
export type ColumnType = 'text' | 'number' | 'bigint' | 'boolean' | 'date' | 'bytes' | 'json'

/** A column of a table. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** Null: the element has no value for it. */
  readonly values: unknown[]
}

const isWhole = (value: unknown): boolean =>
  typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value)

/** In the order in which they are tried for a column without a type. */
const FITS: Readonly<Record<ColumnType, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string' && value.isWellFormed(),
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  date: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  bytes: (value) => value instanceof Uint8Array,
  bigint: isWhole,
  json: () => true,
}

/** Tells whether a value, which is not null, can be in a column of a type. */
export const fitOf = (type: ColumnType): ((value: unknown) => boolean) => FITS[type]

/** The names of types. */
export const columnTypes = Object.keys(FITS) as readonly ColumnType[]

/** Whether an element has named fields. */
export const isRow = (element: unknown): element is Readonly<Record<string, unknown>> =>
  typeof element === 'object' &&
  element !== null &&
  !Array.isArray(element) &&
  !ArrayBuffer.isView(element) &&
  !(element instanceof Date || element instanceof Map || element instanceof Set)

/** A field of a row. What every object inherits, such as `constructor`, is no field. */
export const fieldOf = (row: Readonly<Record<string, unknown>>, name: string): unknown =>
  name in Object.prototype && !Object.hasOwn(row, name) ? undefined : row[name]

const unsupported = (problem: string, value: unknown, fix: string): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', { problem, value, fix })

/**
 * The columns of some elements, in the order in which they first appear. A column without a type
 * gets one from all of its values: numbers are always `'number'`, so that files agree.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for an element that is no object, and for a field that
 * is not of its type.
 */
export const columnsOf = (
  elements: readonly unknown[],
  types: Readonly<Record<string, ColumnType>> | undefined,
): readonly Column[] => {
  const names = new Set(Object.keys(types ?? {}))
  for (const element of elements) {
    if (!isRow(element))
      throw unsupported(
        'A table takes objects',
        element,
        'map the elements to objects first: { word, count }',
      )
    if (types === undefined) for (const name of Object.keys(element)) names.add(name)
  }
  checkColumnNames(elements, names)
  return [...names].map((name) => {
    const values = valuesOf(elements as readonly Readonly<Record<string, unknown>>[], name)
    if (types === undefined) return { name, type: typeOf(values), values }
    const type = types[name] as ColumnType
    const unfit = firstUnfit(values, type)
    if (unfit === -1) return { name, type, values }
    throw unsupported(
      `The column ${name} has a value that is not of the type ${type}`,
      values[unfit],
      'give the column another type, or map the elements',
    )
  })
}

const valuesOf = (rows: readonly Readonly<Record<string, unknown>>[], name: string): unknown[] =>
  name in Object.prototype
    ? rows.map((row) => fieldOf(row, name) ?? null)
    : rows.map((row) => row[name] ?? null)

/** The first value of another type. -1: there is none. */
const firstUnfit = (values: readonly unknown[], type: ColumnType): number => {
  const fits = FITS[type]
  return values.findIndex((value) => value !== null && !fits(value))
}

/**
 * Checks that rows have a column. Files of tables keep rows as their columns, so without one they
 * would be lost, and some readers refuse such files.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED`.
 */
export const checkColumnNames = (
  elements: readonly unknown[],
  names: ReadonlySet<string>,
): void => {
  if (names.size === 0 && elements.length > 0)
    throw unsupported(
      'A table needs a column, and these elements have none',
      elements[0],
      'give them a field; those that partitionBy names are in the directory and not in the file',
    )
}

/** The first type that all values fit. Text, if there are none. */
const typeOf = (values: readonly unknown[]): ColumnType =>
  columnTypes.find((type) => firstUnfit(values, type) === -1) as ColumnType
