/** Fills a table of a connection by an appender: there are no literals of SQL. */
import type {
  DuckDBAppender,
  DuckDBBlobValue,
  DuckDBConnection,
  DuckDBTimestampValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api'
import type { ColumnType } from '../formats/file-columns.ts'
import type { Pause } from '../base/pauses.ts'
import { type Engine, type Library, queryError } from './engine.ts'
import type { RawResult } from './read-result.ts'
import { type Columns, isList, quoted, type SqlType, typeText } from './schema.ts'

const valueType = (library: Library, type: SqlType): DuckDBType => {
  if (isList(type)) return library.LIST(valueType(library, type[0]))
  if (typeof type !== 'string')
    return library.STRUCT(
      Object.fromEntries(
        Object.entries(type).map(([name, inner]) => [name, valueType(library, inner)]),
      ),
    )
  return {
    text: library.VARCHAR,
    json: library.VARCHAR,
    number: library.DOUBLE,
    bigint: library.BIGINT,
    boolean: library.BOOLEAN,
    date: library.TIMESTAMP,
    bytes: library.BLOB,
  }[type]
}

/** A table that is to be made. It ends with its connection. */
export interface NewTable {
  readonly connection: DuckDBConnection
  readonly engine: Engine
  readonly name: string
  readonly pause: Pause | undefined
}

/** Appends a value that is not null. */
type Append = (appender: DuckDBAppender, value: DuckDBValue) => void

const appendOf = (library: Library, type: SqlType): Append => {
  if (typeof type !== 'string') {
    const known = valueType(library, type)
    return (appender, value) => appender.appendValue(value, known)
  }
  return APPEND[type]
}

const appendText: Append = (appender, value) => appender.appendVarchar(value as string)

const APPEND: Readonly<Record<ColumnType, Append>> = {
  text: appendText,
  json: appendText,
  number: (appender, value) => appender.appendDouble(value as number),
  bigint: (appender, value) => appender.appendBigInt(value as bigint),
  boolean: (appender, value) => appender.appendBoolean(value as boolean),
  date: (appender, value) => appender.appendTimestamp(value as DuckDBTimestampValue),
  bytes: (appender, value) => appender.appendBlob((value as DuckDBBlobValue).bytes),
}

/** So many rows are appended between two pauses. */
const ROWS_PER_PAUSE = 2_048

/** Creates a table of rows that are encoded. */
export const fillTable = async (
  table: NewTable,
  columns: Columns,
  rows: readonly (readonly DuckDBValue[])[],
): Promise<void> => {
  const types = Object.values(columns)
  await create(
    table,
    Object.entries(columns).map(([name, type]) => [name, typeText(type)]),
  )
  const appends = types.map((type) => appendOf(table.engine.library, type))
  const appender = await appenderOf(table)
  for (let first = 0; first < rows.length; first += ROWS_PER_PAUSE) {
    for (const row of rows.slice(first, first + ROWS_PER_PAUSE)) appendRow(appender, appends, row)
    const due = table.pause?.()
    if (due !== undefined) await due
  }
  appender.closeSync()
}

const appendRow = (
  appender: DuckDBAppender,
  appends: readonly Append[],
  row: readonly DuckDBValue[],
): void => {
  for (let at = 0; at < row.length; at++) {
    const value = row[at] as DuckDBValue
    if (value === null) appender.appendNull()
    else (appends[at] as Append)(appender, value)
  }
  appender.endRow()
}

/** Creates a table of the result of a query, chunk by chunk, as it is. */
export const copyTable = async (table: NewTable, result: RawResult): Promise<void> => {
  const { names, types, chunks } = result
  await create(
    table,
    names.map((name, at) => [name, types[at]?.alias ?? String(types[at])]),
  )
  const appender = await appenderOf(table)
  for (const chunk of chunks) {
    appender.appendDataChunk(chunk)
    const due = table.pause?.()
    if (due !== undefined) await due
  }
  appender.closeSync()
}

const create = async (
  { connection, name }: NewTable,
  columns: readonly (readonly [name: string, type: string])[],
): Promise<void> => {
  const declared = columns.map(([column, type]) => `${quoted(column)} ${type}`)
  const statement = `create temp table ${quoted(name)} (${declared.join(', ')})`
  try {
    await connection.run(statement)
  } catch (error) {
    throw queryError(statement, error)
  }
}

const appenderOf = async ({ connection, name }: NewTable): Promise<DuckDBAppender> =>
  connection.createAppender(name, undefined, 'temp')
