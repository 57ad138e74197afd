/**
 * DuckDB in this process. It is loaded when the first query runs, and has one database, in memory,
 * which keeps nothing: each query has a connection of its own, whose tables end with it.
 */
import type * as DuckDB from '@duckdb/node-api'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { createRequire } from 'node:module'
import { loadPackage } from '../base/load-package.ts'
import { MillraceError } from '../base/errors.ts'
import { memoryOfMachine } from '../adapters/local/system-memory.ts'
import { temporaryFolder } from '../adapters/local/temporary-folder.ts'

export type Library = typeof DuckDB

/** What queries run with. */
export interface Engine {
  readonly library: Library
  readonly instance: DuckDBInstance
  /** The functions whose results may differ each time that they are called. */
  readonly volatile: ReadonlySet<string>
}

/**
 * The share of the memory of the process that DuckDB may have. What does not fit is written below
 * `/tmp`; the other half is that of the records and of the state.
 */
const MEMORY_SHARE = 0.4

/**
 * One thread: a sum of floats depends on the order in which they are added, and the same batch must
 * give the same bytes. Extensions are loaded if they are installed, and never downloaded: in a
 * network without a way out, that would wait for its time-out in each batch.
 */
const settings = (): Record<string, string> => ({
  threads: '1',
  memory_limit: `${Math.floor((memoryOfMachine() * MEMORY_SHARE) / 1_000_000)}MB`,
  temp_directory: temporaryFolder('millrace-sql'),
  autoinstall_known_extensions: 'false',
})

/**
 * A layer of Lambda is found by `require`, and not by `import`. So the package is loaded in this
 * way, and bundles leave it out.
 */
const load = async (): Promise<Library> => {
  try {
    return createRequire(import.meta.url)('@duckdb/node-api') as Library
  } catch (error) {
    throw await asImportError(error)
  }
}

/** The error that a package which is missing has when it is imported. */
const asImportError = async (error: unknown): Promise<unknown> => {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'MODULE_NOT_FOUND') return error
  return Object.assign(new Error("Cannot find package '@duckdb/node-api'", { cause: error }), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
}

const VOLATILE = `
  select distinct function_name from duckdb_functions()
  where stability <> 'CONSISTENT' and function_name not like 'current_schema%'`

const start = async (): Promise<Engine> => {
  const library = await loadPackage('SQL', load)
  const instance = await library.DuckDBInstance.create(':memory:', settings())
  const connection = await instance.connect()
  try {
    await connection.run("SET GLOBAL TimeZone = 'UTC'")
    const functions = await connection.runAndReadAll(VOLATILE)
    return {
      library,
      instance,
      volatile: new Set(functions.getRows().map(([name]) => String(name))),
    }
  } finally {
    connection.closeSync()
  }
}

let engine: Promise<Engine> | undefined

/** What is missing may be there for the next batch. */
const forget = (error: unknown): never => {
  engine = undefined
  throw error
}

/** Runs something on a connection of its own, and closes it. */
export const withConnection = async <R>(
  run: (connection: DuckDBConnection, engine: Engine) => Promise<R>,
): Promise<R> => {
  const started = await (engine ??= start().catch(forget))
  const connection = await started.instance.connect()
  try {
    return await run(connection, started)
  } finally {
    connection.closeSync()
  }
}

/** The error of a query that DuckDB refuses, or could not run. */
export const queryError = (query: string, cause: unknown): MillraceError =>
  new MillraceError('QUERY_FAILED', {
    problem: `A query failed: ${problemOf(cause)}`,
    value: query,
    fix: fixOf(cause),
    cause,
  })

/** The first line of what DuckDB says; the others are of the cause. */
const problemOf = (cause: unknown): string => {
  const [first = ''] = (cause as Error).message.split('\n')
  return first.replace(/[.!:]$/, '')
}

const FIXES: readonly (readonly [about: RegExp, fix: string])[] = [
  [
    /httpfs|Extension/,
    'extensions are not downloaded while batches run: read objects of S3 as a table of files, ' +
      "{ parquet: 's3://shop/pages.parquet' }, or install the extension beforehand",
  ],
  [/Table with name/, 'name a view of the session, or the view "input" in stream.sql()'],
  [/Out of Memory|memory/, 'give the function more memory or a larger /tmp, or shorten the batch'],
  [/column|Column/, 'give the input a schema, so that a batch without the field has the column'],
]

const fixOf = (cause: unknown): string =>
  FIXES.find(([about]) => about.test((cause as Error).message))?.[1] ?? 'correct the query'
