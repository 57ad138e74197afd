/**
 * How the elements of an output are sent: as rows of a table, as messages, or as events, which are
 * messages that say who sends them and what they are.
 */
export type SentShape = 'rows' | 'messages' | 'events'

/**
 * What users give to `saveTo`: where an output goes, and what is sent for each element. A kind of
 * sink makes it.
 *
 * @example
 * ```ts
 * const table: SinkDeclaration<[string, number]> = sqlite('scores', { table: 'a', key: 'word' })
 * counts.saveTo(table)
 * ```
 */
export interface SinkDeclaration<in T = never> {
  /** The name of the kind: `postgres`. */
  readonly kind: string
  /** `postgres://scores/totals`: a name that can be bound, and what distinguishes the output. */
  readonly place: string
  readonly shape: SentShape
  /** Plain data, in the form of its kind. It is part of the plan. */
  readonly settings: object
  /**
   * The row or message for an element.
   *
   * @throws any error if there is none: the record is put aside where that is possible.
   */
  readonly send: (element: T) => unknown
}

/**
 * A row: values by the names of columns. Columns that are left out keep what they have.
 *
 * @example const row: Row = { word: 'to', count: 2 }
 */
export type Row = Readonly<Record<string, unknown>>

/**
 * How a stream is written to a table.
 *
 * @example const options: TableOptions<[string, number]> = { table: 'totals', key: 'word' }
 */
export interface TableOptions<in T> {
  /** The table: `totals`, or with a schema: `public.totals`. */
  readonly table: string
  /**
   * The column or columns that identify a row. With `upsert`, there must be a primary key or a
   * unique index on exactly these.
   */
  readonly key?: string | readonly string[]
  /**
   * `upsert` keeps the newest row of each key. `append` adds all rows. Default: `upsert` if there
   * is a key.
   */
  readonly mode?: 'upsert' | 'append'
  /** The column for the value of a pair, where that is not an object. Default: `value`. */
  readonly value?: string
  /**
   * A column that gets the batch time, as epoch milliseconds in a `bigint`. With `append`, the rows
   * of a batch that other code had begun are replaced by it. Default: there is none.
   */
  readonly batchTime?: string
  /**
   * The row for an element. Default: an object is a row; of a pair, the key goes to the key column
   * or columns, and the value to the other ones.
   */
  readonly row?: (element: T) => Row
}

/**
 * A message: what is sent, and the key by which messages keep their order, where a service has one.
 *
 * @example const message: Message = { body: '{"word":"to"}', key: 'to' }
 */
export interface Message {
  readonly body: string
  readonly key?: string
}

/**
 * How the elements of a stream become messages.
 *
 * @example const options: MessageOptions<[string, number]> = { key: ([word]) => word }
 */
export interface MessageOptions<in T> {
  /** The text of a message. Default: a text is sent as it is, and anything else as JSON. */
  readonly body?: (element: T) => string
  /** The key of a message. Default: the key of a pair, as text; otherwise there is none. */
  readonly key?: (element: T) => string
}
