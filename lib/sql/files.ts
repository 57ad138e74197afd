/** Files and objects as tables of a query. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { MillraceError } from '../base/errors.ts'
import { loadAws } from '../adapters/aws/packages.ts'
import { isObjectAddress, ObjectCopies } from '../adapters/local/object-copies.ts'
import { temporaryFolder } from '../adapters/local/temporary-folder.ts'
import type { FrameSource } from './data-frame.ts'
import { type Engine, queryError } from './engine.ts'
import { checkSchema, type Columns, quoted, typeText } from './schema.ts'

/**
 * Files of Parquet as a table: a path of this machine, or `s3://BUCKET/KEY`, or several. Names may
 * have patterns.
 *
 * @example const pages: ParquetTable = { parquet: 's3://shop/pages/*.parquet' }
 */
export interface ParquetTable {
  readonly parquet: string | readonly string[]
}

/**
 * Files of CSV as a table, also compressed: paths as of Parquet. DuckDB finds out the delimiter,
 * the header and the types.
 *
 * @example const pages: CsvTable = { csv: 'pages.csv', columns: { page: 'text', stars: 'number' } }
 */
export interface CsvTable {
  readonly csv: string | readonly string[]
  /** The types of columns that are not to be found out. */
  readonly columns?: Columns
}

/**
 * A table of files.
 *
 * @example const table: FileTable = { parquet: 'pages.parquet' }
 */
export type FileTable = ParquetTable | CsvTable

let copies: ObjectCopies | undefined

const objectCopies = (): ObjectCopies =>
  (copies ??= new ObjectCopies(temporaryFolder('millrace-sql-objects'), async (bucket) => {
    const { s3ObjectStore } = await loadAws(
      async () => import('../adapters/aws/s3-object-store.ts'),
    )
    return s3ObjectStore({ bucket })
  }))

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** Files as a view. Objects are copied when the query runs, each upload once. */
export class FilesSource implements FrameSource {
  readonly #paths: readonly string[]
  readonly #read: (paths: string) => string

  constructor(table: FileTable) {
    const isParquet = 'parquet' in table
    const given = isParquet ? table.parquet : table.csv
    this.#paths = typeof given === 'string' ? [given] : given
    this.#read = isParquet ? (paths) => `read_parquet(${paths})` : readCsv(table)
  }

  async define(connection: DuckDBConnection, _: Engine, name: string): Promise<boolean> {
    const found: string[] = []
    for (const path of this.#paths)
      if (isObjectAddress(path))
        for (const copy of await objectCopies().pathsOf(path)) found.push(copy)
      else found.push(path)
    const files = this.#read(`[${found.map(text).join(', ')}]`)
    const statement = `create temp view ${quoted(name)} as from ${files}`
    try {
      await connection.run(statement)
    } catch (error) {
      throw queryError(statement, error)
    }
    return true
  }
}

const readCsv = ({ columns = {} }: CsvTable): ((paths: string) => string) => {
  const types = Object.entries(columns).map(
    ([name, type]) => `${text(name)}: ${text(typeText(type))}`,
  )
  const option = types.length === 0 ? '' : `, types = {${types.join(', ')}}`
  return (paths) => `read_csv(${paths}${option})`
}

/** Checks a table of files that was passed to an operation, and returns it. */
export const checkFiles = (operation: string, table: unknown): FileTable => {
  const { parquet, csv, columns } = (table ?? {}) as Partial<ParquetTable & CsvTable>
  const paths = parquet ?? csv
  const all: readonly unknown[] = Array.isArray(paths) ? paths : [paths]
  const isOne = (parquet === undefined) !== (csv === undefined)
  checkSchema(operation, columns)
  if (isOne && all.length > 0 && all.every((path) => typeof path === 'string' && path !== ''))
    return table as FileTable
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() does not know this table`,
    value: table,
    allowed: "{ stream, schema }, { parquet: 's3://shop/pages.parquet' } or { csv: 'pages.csv' }",
  })
}
