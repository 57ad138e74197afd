import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { isMillraceError, MillraceError } from '../base/errors.ts'
import type { RddContext } from '../rdd/context.ts'
import { computeRdd, type RDD } from '../rdd/rdd.ts'
import { rowEncoder } from './encode-values.ts'
import { type Engine, queryError, withConnection } from './engine.ts'
import { copyTable, fillTable } from './fill-table.ts'
import { readQuery } from './read-query.ts'
import { checkNames, columnsOfResult, type RawResult, type Reading, rowsOf } from './read-result.ts'
import { asRow, type Columns, columnsIn } from './schema.ts'

/** What a data frame is made of. */
export interface FrameSource {
  /** Makes a table or a view of a connection. False: it has no columns, because it has no rows. */
  define(connection: DuckDBConnection, engine: Engine, name: string): Promise<boolean>
}

/** What a data frame belongs to. */
export interface FrameHome {
  /** Registers a view by its name in small letters. */
  readonly register: (name: string, frame: DataFrame<unknown>) => void
  readonly context: RddContext
  readonly label: string
}

/** The elements of an RDD as a table. They are computed once, when they are first needed. */
export class RowsSource implements FrameSource {
  readonly #rdd: RDD<unknown>
  readonly #schema: Columns | undefined
  #rows: Promise<EncodedRows> | undefined

  constructor(rdd: RDD<unknown>, schema: Columns | undefined) {
    this.#rdd = rdd
    this.#schema = schema
  }

  async define(connection: DuckDBConnection, engine: Engine, name: string): Promise<boolean> {
    const { columns, rows } = await (this.#rows ??= this.#encode(engine))
    if (columns === undefined) return false
    await fillTable({ connection, engine, name, pause: this.#rdd.context.pause }, columns, rows)
    return true
  }

  /**
   * With a schema, a record whose element does not fit is put aside. Without one, the elements of
   * the whole batch say what the columns are.
   */
  async #encode({ library }: Engine): Promise<EncodedRows> {
    if (this.#schema !== undefined) {
      const encode = rowEncoder(library, this.#schema)
      return { columns: this.#schema, rows: await this.#rdd.map(encode).collect() }
    }
    const elements = (await this.#rdd.collect()).map(asRow)
    if (elements.length === 0) return { columns: undefined, rows: [] }
    const columns = columnsIn(elements)
    return { columns, rows: elements.map(rowEncoder(library, columns)) }
  }
}

interface EncodedRows {
  readonly columns: Columns | undefined
  readonly rows: readonly (readonly DuckDBValue[])[]
}

/** How a query runs. */
export interface QueryParts {
  readonly query: string
  /** The views that it sees, by their names in small letters. */
  readonly views: ReadonlyMap<string, DataFrame<unknown>>
  readonly pause: RddContext['pause']
  /** Whether a query that may give something else each time is refused. */
  readonly isPure: boolean
  /** What `batch_time()` gives. Undefined: there is no such function. */
  readonly batchTimeMs?: number
}

/** The result of a query as a table. */
export class QuerySource implements FrameSource {
  readonly #parts: QueryParts

  constructor(parts: QueryParts) {
    this.#parts = parts
  }

  /** The result has columns of DuckDB, and goes on without rows of JavaScript. */
  async define(connection: DuckDBConnection, engine: Engine, name: string): Promise<boolean> {
    const result = await this.run()
    if (result === undefined) return false
    await copyTable({ connection, engine, name, pause: this.#parts.pause }, result)
    return true
  }

  /** Undefined: there is no result, because there are no rows and no columns. */
  async run(): Promise<RawResult | undefined> {
    const { query } = this.#parts
    return withConnection(async (connection, engine) => {
      const { tables, chance } = await readQuery(connection, engine, query)
      if (this.#parts.isPure && chance !== undefined) throw impure(query, chance)
      const empty: string[] = []
      let defined = 0
      for (const [name, frame] of this.#parts.views) {
        if (!tables.has(name)) continue
        if (await frame.source.define(connection, engine, name)) defined += 1
        else empty.push(name)
      }
      if (empty.length > 0 && defined === 0) return undefined
      if (empty.length > 0) throw withoutColumns(query, empty)
      try {
        await this.#defineTime(connection)
        const result = await connection.run(query)
        const chunks = await result.fetchAllChunks()
        const names = result.columnNames()
        return { library: engine.library, names, types: result.columnTypes(), chunks }
      } catch (error) {
        throw queryError(query, error)
      }
    })
  }

  async #defineTime(connection: DuckDBConnection): Promise<void> {
    const { batchTimeMs } = this.#parts
    if (batchTimeMs === undefined) return
    await connection.run(
      `create temp macro batch_time() as make_timestamp(${BigInt(batchTimeMs) * 1_000n}::bigint)`,
    )
  }
}

/** Errors tell which operator has failed. */
const namedAs =
  (label: string) =>
  (error: unknown): never => {
    if (isMillraceError(error)) error.operator ??= label
    throw error
  }

const impure = (query: string, chance: string): MillraceError =>
  new MillraceError('QUERY_FAILED', {
    problem: `The query may give something else each time that a batch is tried: ${chance}`,
    value: query,
    fix: 'use batch_time() for the time of the batch, or say that you mean it: { pure: false }',
  })

const withoutColumns = (query: string, names: readonly string[]): MillraceError =>
  new MillraceError('QUERY_FAILED', {
    problem: `The view ${names.join(', ')} is empty and has no schema, so it has no columns`,
    value: query,
    fix: 'give it a schema: toDF({ name: type })',
  })

/**
 * A table of one batch: the elements of an RDD, files, or the result of a query. It is computed
 * when something is asked of it.
 *
 * @example
 * ```ts
 * words.toDF({ word: 'text' }).createOrReplaceTempView('words')
 * await SqlSession.of(words).sql('select count(*) as count from words').collect()
 * // [{ count: 6 }]
 * ```
 */
export class DataFrame<out T> {
  /** @internal */
  readonly source: FrameSource
  readonly #home: FrameHome
  readonly #reading: Reading
  /** Only for the type checker: the type of the rows. Never set at run time. */
  declare protected readonly row?: T

  /** @internal Data frames are made by `toDF` and by a session. */
  constructor(source: FrameSource, home: FrameHome, reading: Reading = { bigints: false }) {
    this.source = source
    this.#home = home
    this.#reading = reading
  }

  /**
   * Names this table in the session of its batch, for queries that are made from now on. Names are
   * the same in capital and in small letters.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the name is no text, or empty.
   * @example words.toDF({ word: 'text' }).createOrReplaceTempView('words')
   */
  createOrReplaceTempView(name: string): void {
    if (typeof name !== 'string' || name === '')
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'A view needs a name',
        value: name,
        allowed: 'a text that is not empty',
      })
    this.#home.register(name.toLowerCase(), this)
  }

  /**
   * Runs it, and gives its rows as objects.
   *
   * @throws MillraceError `QUERY_FAILED`, `VALUE_UNSUPPORTED`, `PACKAGE_MISSING`.
   * @example await parallelize(['to']).toDF({ word: 'text' }).collect() // [{ word: 'to' }]
   */
  async collect(): Promise<T[]> {
    const { names, columns } = await this.#read()
    return rowsOf(names, columns) as T[]
  }

  /**
   * Runs it, and gives its columns as arrays: what a library that works by columns wants. Nothing
   * becomes an object.
   *
   * @throws MillraceError As `collect`.
   * @example
   * ```ts
   * await words.toDF({ word: 'text' }).collectColumns()
   * // { word: ['to', 'be', 'or', 'not', 'to', 'be'] }
   * ```
   */
  async collectColumns(): Promise<{ [K in keyof T & string]: T[K][] }> {
    const { names, columns } = await this.#read()
    return Object.fromEntries(names.map((name, at) => [name, columns[at]])) as {
      [K in keyof T & string]: T[K][]
    }
  }

  /**
   * Runs it, and counts its rows.
   *
   * @throws MillraceError As `collect`.
   * @example await words.toDF({ word: 'text' }).count() // 6
   */
  async count(): Promise<number> {
    return (await this.#result())?.chunks.reduce((sum, { rowCount }) => sum + rowCount, 0) ?? 0
  }

  /**
   * Its rows as an RDD with one partition: for `transform`, and for all that an RDD can do. It is
   * computed when the RDD is.
   *
   * @example await words.toDF({ word: 'text' }).rdd.take(1) // [{ word: 'to' }]
   */
  get rdd(): RDD<T> {
    const { context, label } = this.#home
    return computeRdd<T>({
      partitionCount: 1,
      compute: async () => [await this.collect().catch(namedAs(label))],
      context,
      label,
    })
  }

  async #result(): Promise<RawResult | undefined> {
    if (this.source instanceof QuerySource) return this.source.run()
    const views = new Map([['frame', this as DataFrame<unknown>]])
    const { pause } = this.#home.context
    return new QuerySource({ query: 'from frame', views, pause, isPure: false }).run()
  }

  async #read(): Promise<{
    readonly names: readonly string[]
    readonly columns: readonly unknown[][]
  }> {
    const result = await this.#result()
    if (result === undefined) return { names: [], columns: [] }
    checkNames(result.names)
    const columns = await columnsOfResult(result, this.#reading, this.#home.context.pause)
    return { names: result.names, columns }
  }
}
