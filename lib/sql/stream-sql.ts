import { MillraceError } from '../base/errors.ts'
import { checkFlag, checkText } from '../dstream/checks.ts'
import { DStream } from '../dstream/dstream.ts'
import { requireRdd } from '../dstream/operators/require-rdd.ts'
import { operatorNode } from '../dstream/plan-node.ts'
import type { RDD } from '../rdd/rdd.ts'
import { DataFrame, type FrameSource, QuerySource, RowsSource } from './data-frame.ts'
import { checkFiles, FilesSource, type FileTable } from './files.ts'
import type { SqlRow } from './read-result.ts'
import { checkSchema, type Columns, type Schema } from './schema.ts'
import { checkQuery, type QueryOptions } from './session.ts'

/**
 * Another stream of a query, with its columns.
 *
 * @example const table: StreamTable = { stream: views, schema: { user: 'text', page: 'text' } }
 */
export interface StreamTable {
  readonly stream: DStream<unknown>
  readonly schema?: Columns
}

/**
 * Settings of `stream.sql`.
 *
 * @example const options: SqlOptions<string> = { name: 'words', schema: { word: 'text' } }
 */
export interface SqlOptions<T> extends QueryOptions {
  /** What the query calls the batch. Default: `input`. */
  readonly name?: string
  /**
   * The columns of the batch: see `toDF`. Default: what the elements of the batch have, and an
   * empty batch gives no rows.
   */
  readonly schema?: Schema<T>
  /**
   * Other tables of the query, by the names that it calls them: streams, which need the same slide,
   * and files, which are read as they are when the query runs.
   */
  readonly tables?: Readonly<Record<string, StreamTable | FileTable>>
  /**
   * Whether the query gives the same for the same batch, so that an idle pipeline may rest. Then
   * one that calls `random()` or `now()` is refused. Default true.
   */
  readonly pure?: boolean
}

declare module '../dstream/dstream.ts' {
  interface DStream<T> {
    /**
     * The result of a query over each batch, or each window: `window(...).sql(...)`. The query is
     * of DuckDB's SQL, sees the elements as the table `input`, and runs once, in the driver. Needs
     * `import 'millrace/sql'`.
     *
     * The same batch gives the same rows, in the same order, with the same version of DuckDB.
     * Without ORDER BY, it is any order. `batch_time()` is the time of the batch, a TIMESTAMP in
     * UTC.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, `PLAN_FROZEN`. In a batch: `QUERY_FAILED`,
     * `PACKAGE_MISSING`, `VALUE_UNSUPPORTED`; see `toDF`.
     * @example
     * ```ts
     * words
     *   .sql<{ word: string; count: number }>(
     *     'select word, count(*) as count from input group by word order by count desc limit 10',
     *     { schema: { word: 'text' } },
     *   )
     *   .map(({ word, count }) => `${word}: ${count}`)
     *   .print()
     * ```
     */
    sql<R extends object = SqlRow, E = T>(
      this: DStream<E>,
      query: string,
      options?: SqlOptions<E>,
    ): DStream<R>
  }
}

DStream.prototype.sql = function <T, R extends object>(
  this: DStream<T>,
  query: string,
  options: SqlOptions<T> = {},
) {
  const { name = 'input', schema, tables = {}, bigints = false, pure = true } = options
  checkQuery('sql', query)
  checkText('sql', name, 'a name of the batch in the query')
  checkFlag('bigints', bigints)
  checkFlag('pure', pure)
  const { streams, files } = byKind(tables)
  const inputs: readonly Input[] = [
    { name, node: this.node, schema: checkSchema('sql', schema) },
    ...streams.map(([other, { stream, schema: columns }]) => ({
      name: other,
      node: this.nodeBeside('sql', stream),
      schema: checkSchema('sql', columns),
    })),
  ]
  checkNames([...inputs, ...files])
  return this.to<R>(
    operatorNode(
      'sql',
      inputs.map(({ node }) => node),
      (rdds, batch) => {
        const all = rdds.map((rdd) => requireRdd('sql', rdd, batch))
        const [{ context, label }] = all as [RDD<unknown>]
        const home = { register: () => undefined, context, label }
        const sources: readonly (readonly [name: string, source: FrameSource])[] = [
          ...inputs.map((input, at) => {
            const rows = new RowsSource(all[at] as RDD<unknown>, input.schema)
            return [input.name, rows] as const
          }),
          ...files.map((file) => [file.name, new FilesSource(file.table)] as const),
        ]
        const views = new Map(
          sources.map(([view, source]) => [view.toLowerCase(), new DataFrame(source, home)]),
        )
        const parts = { query, views, pause: context.pause, isPure: pure }
        const source = new QuerySource({ ...parts, batchTimeMs: batch.timeMs })
        return new DataFrame<unknown>(source, home, { bigints }).rdd
      },
      {
        // It runs once, like a function over a whole RDD: only the driver has the library.
        free: true,
        nondeterministic: !pure,
        parameters: {
          query,
          bigints,
          tables: JSON.stringify([
            ...inputs.map((input) => [input.name, input.schema ?? null]),
            ...files.map((file) => [file.name, file.table]),
          ]),
        },
      },
    ),
  )
}

interface Input {
  readonly name: string
  readonly node: DStream<unknown>['node']
  readonly schema: Columns | undefined
}

interface Files {
  readonly name: string
  readonly table: FileTable
}

const byKind = (
  tables: Readonly<Record<string, StreamTable | FileTable>>,
): {
  readonly streams: readonly (readonly [name: string, table: StreamTable])[]
  readonly files: readonly Files[]
} => {
  const streams: [string, StreamTable][] = []
  const files: Files[] = []
  for (const [name, table] of Object.entries(tables))
    if ('stream' in table) streams.push([name, table])
    else files.push({ name, table: checkFiles('sql', table) })
  return { streams, files }
}

const checkNames = (inputs: readonly Pick<Input, 'name'>[]): void => {
  const names = inputs.map(({ name }) => name.toLowerCase())
  const odd = names.find((name, at) => name === '' || names.indexOf(name) !== at)
  if (odd === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'sql() needs a name of its own for each table',
    value: names,
    allowed: 'texts that are not empty; capital and small letters are the same',
  })
}
