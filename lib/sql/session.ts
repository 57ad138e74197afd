import { MillraceError } from '../base/errors.ts'
import type { AnyValue } from '../rdd/pair-types.ts'
import { parallelize } from '../rdd/parallelize.ts'
import { RDD } from '../rdd/rdd.ts'
import { DataFrame, type FrameHome, QuerySource, RowsSource } from './data-frame.ts'
import { checkFiles, FilesSource, type FileTable } from './files.ts'
import type { SqlRow } from './read-result.ts'
import { checkSchema, type FrameRow, type Schema } from './schema.ts'

/**
 * Settings of a query.
 *
 * @example const options: QueryOptions = { bigints: true }
 */
export interface QueryOptions {
  /**
   * Whether whole numbers of 64 bits or more, as `count(*)` gives them, are bigints. Default false:
   * they are numbers, and one that is not exact as a number fails the query.
   */
  readonly bigints?: boolean
}

/**
 * What the data frames of one batch have in common: the names of their views. Nothing of it is open
 * or has to be closed. A query has a connection of its own, to a database in memory that keeps
 * nothing.
 *
 * @example
 * ```ts
 * words.toDF({ word: 'text' }).createOrReplaceTempView('words')
 * const session = SqlSession.of(words)
 * await session.sql("select count(*) as count from words where word = 'to'").collect()
 * // [{ count: 2 }]
 * ```
 */
export class SqlSession {
  static readonly #ofBatches = new WeakMap<object, SqlSession>()
  readonly #views = new Map<string, DataFrame<unknown>>()
  readonly #home: FrameHome

  /** @internal Sessions are got with {@link of}. */
  constructor({ context, label }: Pick<FrameHome, 'context' | 'label'>) {
    this.#home = {
      register: (name, frame) => void this.#views.set(name, frame),
      context,
      label,
    }
  }

  /**
   * The session of the batch of an RDD. An RDD that was made outside of a batch has a session of
   * its own.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no RDD.
   * @example const session = SqlSession.of(words)
   */
  static of(rdd: RDD<unknown>): SqlSession {
    if (!(rdd instanceof RDD))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'SqlSession.of() needs an RDD',
        value: rdd,
        fix: 'give it the RDD that foreachRDD or transform passes to your function',
      })
    const batch = rdd.context.tasks ?? rdd
    const session = this.#ofBatches.get(batch) ?? new SqlSession(rdd)
    this.#ofBatches.set(batch, session)
    return session
  }

  /**
   * The result of a query over the views that the session has now. Nothing runs before something is
   * asked of the result.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when the query is no text.
   * @example
   * ```ts
   * words.toDF({ word: 'text' }).createOrReplaceTempView('words')
   * await SqlSession.of(words)
   *   .sql<{ word: string; count: number }>(
   *     'select word, count(*) as count from words group by word order by word limit 1',
   *   )
   *   .collect()
   * // [{ word: 'be', count: 2 }]
   * ```
   */
  sql<R extends object = SqlRow>(
    query: string,
    { bigints = false }: QueryOptions = {},
  ): DataFrame<R> {
    const { pause } = this.#home.context
    const parts = { query: checkQuery('sql', query), views: new Map(this.#views), pause }
    const source = new QuerySource({ ...parts, isPure: false })
    return new DataFrame<R>(source, this.#home, { bigints })
  }

  /**
   * Elements as a table of this session: an RDD, or what is iterable, as a list of names that the
   * module has. For the RDD of the batch, `rdd.toDF(schema)` is the same.
   *
   * @throws MillraceError `ARGUMENT_INVALID`.
   * @example
   * ```ts
   * const session = SqlSession.of(words)
   * const stops = session.createDataFrame(['to', 'or'], { word: 'text' })
   * await stops.count() // 2
   * ```
   */
  createDataFrame<T extends AnyValue>(
    elements: RDD<T> | Iterable<T>,
    schema?: Schema<T>,
  ): DataFrame<FrameRow<T>> {
    const columns = checkSchema('createDataFrame', schema)
    const rdd = elements instanceof RDD ? elements : parallelize(elements)
    return new DataFrame<FrameRow<T>>(new RowsSource(rdd, columns), this.#home)
  }

  /**
   * Files as a table of this session. Objects of S3 are copied to the temporary folder when a query
   * needs them, each upload once.
   *
   * @throws MillraceError `ARGUMENT_INVALID`. When it is computed: `QUERY_FAILED`,
   * `OBJECT_UNREADABLE`, `OBJECT_REFUSED`.
   * @example
   * ```ts
   * const session = SqlSession.of(words)
   * session.read({ parquet: 's3://shop/pages/*.parquet' }).createOrReplaceTempView('pages')
   * ```
   */
  read<R extends object = SqlRow>(table: FileTable): DataFrame<R> {
    return new DataFrame<R>(new FilesSource(checkFiles('read', table)), this.#home)
  }
}

/** Checks that an operation got a query, and returns it. */
export const checkQuery = (operation: string, query: string): string => {
  if (typeof query === 'string' && query.trim() !== '') return query
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs a query`,
    value: query,
    fix: `for example ${operation}('select word, count(*) as count from input group by word')`,
  })
}
