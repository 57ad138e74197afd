/** Values of records as DuckDB takes them. */
import type { DuckDBValue } from '@duckdb/node-api'
import { MillraceError } from '../base/errors.ts'
import { type ColumnType, fieldOf, fitOf, isRow } from '../formats/file-columns.ts'
import { jsonTextOf } from '../formats/json/json-text.ts'
import type { Library } from './engine.ts'
import { type Columns, isList, type SqlType, valuesOf } from './schema.ts'

/** Makes a value of DuckDB. Undefined: it is not of the type. */
type Encode = (value: unknown) => DuckDBValue | undefined

const SAME: Encode = (value) => value as DuckDBValue

/** For each type of a column, given that the value is of it. */
const encoders = (
  library: Pick<Library, 'DuckDBTimestampValue' | 'DuckDBBlobValue'>,
): Readonly<Record<ColumnType, Encode>> => ({
  text: SAME,
  number: SAME,
  boolean: SAME,
  bigint: (value) => BigInt(value as number | bigint),
  date: (value) => new library.DuckDBTimestampValue(BigInt((value as Date).getTime()) * 1_000n),
  bytes: (value) => new library.DuckDBBlobValue(value as Uint8Array),
  json: (value) => jsonTextOf(value),
})

/** Null and undefined are NULL, whatever the type. */
const encoderOf = (library: Library, type: SqlType): Encode => {
  const encode = presentEncoder(library, type)
  return (value) => (value === null || value === undefined ? null : encode(value))
}

const presentEncoder = (library: Library, type: SqlType): Encode => {
  if (typeof type === 'string') {
    const encode = encoders(library)[type]
    const fits = fitOf(type)
    return (value) => (fits(value) ? encode(value) : undefined)
  }
  if (isList(type)) {
    const inner = encoderOf(library, type[0])
    return (value) => {
      const items = Array.isArray(value) ? value.map(inner) : [undefined]
      return areAll(items) ? new library.DuckDBListValue(items) : undefined
    }
  }
  const fields = Object.entries(type).map(
    ([name, inner]) => [name, encoderOf(library, inner)] as const,
  )
  return (value) => {
    if (!isRow(value)) return undefined
    const items = fields.map(([name, encode]) => encode(fieldOf(value, name)))
    if (!areAll(items)) return undefined
    return new library.DuckDBStructValue(
      Object.fromEntries(fields.map(([name], at) => [name, items[at] as DuckDBValue])),
    )
  }
}

const areAll = (items: readonly (DuckDBValue | undefined)[]): items is readonly DuckDBValue[] =>
  !items.includes(undefined)

/**
 * Makes rows of DuckDB from elements.
 *
 * The function throws a MillraceError `VALUE_UNSUPPORTED` for an element that does not fit.
 */
export const rowEncoder = (
  library: Library,
  columns: Columns,
): ((element: unknown) => readonly DuckDBValue[]) => {
  const names = Object.keys(columns)
  const encode = Object.values(columns).map((type) => encoderOf(library, type))
  return (element) => {
    const values = valuesOf(names, element)
    if (values === undefined) throw otherColumns(names, element)
    const row: DuckDBValue[] = []
    for (let at = 0; at < encode.length; at++) {
      const encoded = (encode[at] as Encode)(values[at])
      if (encoded === undefined) throw unfit(names[at] as string, columns, values[at])
      row.push(encoded)
    }
    return row
  }
}

const otherColumns = (names: readonly string[], element: unknown): MillraceError =>
  new MillraceError('VALUE_UNSUPPORTED', {
    problem: `An element does not have the columns ${names.join(', ')}`,
    value: element,
    fix: 'name each part of the array in the schema, or map the elements to objects',
  })

const unfit = (name: string, columns: Columns, value: unknown): MillraceError => {
  const type = columns[name]
  const text = typeof type === 'string' ? type : JSON.stringify(type)
  return new MillraceError('VALUE_UNSUPPORTED', {
    problem: `The column ${name} has a value that is not of the type ${text}`,
    value,
    fix: 'give the column another type, or map the elements; json takes all that JSON has',
  })
}
