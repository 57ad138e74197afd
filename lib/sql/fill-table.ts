/** Fills a table of a connection with rows, chunk by chunk: there are no literals of SQL. */
import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { Pause } from '../base/pauses.ts'
import { type Engine, type Library, queryError } from './engine.ts'
import type { RawResult } from './read-result.ts'
import { type Columns, isList, quoted, type SqlType, typeText } from './schema.ts'

/** So many rows are in a chunk of DuckDB, at most. */
const CHUNK_ROWS = 2_048

const chunkType = (library: Library, type: SqlType): DuckDBType => {
  if (isList(type)) return library.LIST(chunkType(library, type[0]))
  if (typeof type !== 'string')
    return library.STRUCT(
      Object.fromEntries(
        Object.entries(type).map(([name, inner]) => [name, chunkType(library, inner)]),
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

/** Creates a table of rows that are encoded. */
export const fillTable = async (
  table: NewTable,
  columns: Columns,
  rows: readonly (readonly DuckDBValue[])[],
): Promise<void> => {
  const { library } = table.engine
  await create(
    table,
    Object.entries(columns).map(([name, type]) => [name, typeText(type)]),
  )
  const chunk = library.DuckDBDataChunk.create(
    Object.values(columns).map((type) => chunkType(library, type)),
  )
  await append(table, filled(chunk, rows))
}

/** Creates a table of the result of a query, chunk by chunk, as it is. */
export const copyTable = async (table: NewTable, result: RawResult): Promise<void> => {
  const { names, types, chunks } = result
  await create(
    table,
    names.map((name, at) => [name, types[at]?.alias ?? String(types[at])]),
  )
  await append(table, chunks)
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

const append = async (
  { connection, name, pause }: NewTable,
  chunks: Iterable<DuckDBDataChunk>,
): Promise<void> => {
  const appender = await connection.createAppender(name, undefined, 'temp')
  for (const chunk of chunks) {
    appender.appendDataChunk(chunk)
    const due = pause?.()
    if (due !== undefined) await due
  }
  appender.closeSync()
}

/** The same chunk again and again: the appender copies it. */
function* filled(
  chunk: DuckDBDataChunk,
  rows: readonly (readonly DuckDBValue[])[],
): Generator<DuckDBDataChunk> {
  for (let first = 0; first < rows.length; first += CHUNK_ROWS) {
    fillChunk(chunk, rows, first)
    yield chunk
  }
}

const fillChunk = (
  chunk: DuckDBDataChunk,
  rows: readonly (readonly DuckDBValue[])[],
  first: number,
): void => {
  const count = Math.min(CHUNK_ROWS, rows.length - first)
  chunk.reset()
  chunk.rowCount = count
  for (let column = 0; column < chunk.columnCount; column++) {
    const vector = chunk.getColumnVector(column)
    for (let row = 0; row < count; row++)
      vector.setItem(row, (rows[first + row] as readonly DuckDBValue[])[column] as DuckDBValue)
    vector.flush()
  }
}
