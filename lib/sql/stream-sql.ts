import { MillraceError } from '../base/errors.ts'
import { checkFlag, checkText } from '../dstream/checks.ts'
import { DStream } from '../dstream/dstream.ts'
import { requireRdd } from '../dstream/operators/require-rdd.ts'
import { operatorNode } from '../dstream/plan-node.ts'
import type { RDD } from '../rdd/rdd.ts'
import { DataFrame, QuerySource, RowsSource } from './data-frame.ts'
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
  /** Other streams of the query, by the names that it calls them. They need the same slide. */
  readonly tables?: Readonly<Record<string, StreamTable>>
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
  const inputs: readonly Input[] = [
    { name, node: this.node, schema: checkSchema('sql', schema) },
    ...Object.entries(tables).map(([other, { stream, schema: columns }]) => ({
      name: other,
      node: this.nodeBeside('sql', stream),
      schema: checkSchema('sql', columns),
    })),
  ]
  checkNames(inputs)
  return this.to<R>(
    operatorNode(
      'sql',
      inputs.map(({ node }) => node),
      (rdds, batch) => {
        const all = rdds.map((rdd) => requireRdd('sql', rdd, batch))
        const [{ context, label }] = all as [RDD<unknown>]
        const home = { register: () => undefined, context, label }
        const views = new Map(
          inputs.map((input, at) => [
            input.name.toLowerCase(),
            new DataFrame(new RowsSource(all[at] as RDD<unknown>, input.schema), home),
          ]),
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
          tables: JSON.stringify(inputs.map((input) => [input.name, input.schema ?? null])),
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

const checkNames = (inputs: readonly Input[]): void => {
  const names = inputs.map(({ name }) => name.toLowerCase())
  const odd = names.find((name, at) => name === '' || names.indexOf(name) !== at)
  if (odd === undefined) return
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'sql() needs a name of its own for each stream',
    value: names,
    allowed: 'texts that are not empty; capital and small letters are the same',
  })
}
