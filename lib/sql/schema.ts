/** The types of columns: of a schema as users write it, in DuckDB, and of records. */
import { type ColumnType, columnsOf, fieldOf, isRow } from '../formats/file-columns.ts'
import { MillraceError } from '../base/errors.ts'
import type { SqlRow } from './read-result.ts'

/**
 * The type of a column, or of what is inside of one. A name is as in `parquet({ columns })`:
 * `'number'` is a DOUBLE, `'bigint'` a BIGINT, also of numbers, `'text'` a VARCHAR, `'date'` a
 * TIMESTAMP in UTC, `'bytes'` a BLOB and `'json'` a JSON. `[type]` is a list, `{ name: type }` a
 * structure.
 *
 * @example const tags: SqlType = ['text']
 */
export type SqlType = ColumnType | readonly [SqlType] | { readonly [name: string]: SqlType }

type Present<V> = Exclude<V, null | undefined>

/**
 * The types that a column with values of the type V can have.
 *
 * @example const price: SqlTypeOf<number | null> = 'number'
 */
export type SqlTypeOf<V> = 0 extends 1 & V ? SqlType : 'json' | KnownTypeOf<Present<V>>

type KnownTypeOf<V> = [V] extends [string]
  ? 'text'
  : [V] extends [number]
    ? 'number' | 'bigint'
    : [V] extends [bigint]
      ? 'bigint'
      : [V] extends [boolean]
        ? 'boolean'
        : [V] extends [Date]
          ? 'date'
          : [V] extends [Uint8Array]
            ? 'bytes'
            : [V] extends [readonly (infer E)[]]
              ? readonly [SqlTypeOf<E>]
              : [V] extends [object]
                ? { readonly [K in keyof V]?: SqlTypeOf<V[K]> }
                : SqlType

/** What has no fields of its own: it is the only column of its row. */
type Scalar = string | number | bigint | boolean | null | undefined | Date | Uint8Array

/**
 * The columns of elements of the type T, with their types, in order. An element that is an object
 * has a column for each field; the schema may leave some out. An element that is an array, such as
 * a pair, has them by their place, and any other element is one column: the schema names these.
 *
 * @example const pairs: Schema<[string, number]> = { word: 'text', count: 'number' }
 */
export type Schema<T> = 0 extends 1 & T
  ? Columns
  : [T] extends [Scalar]
    ? Readonly<Record<string, SqlTypeOf<T>>>
    : [T] extends [readonly unknown[]]
      ? Readonly<Record<string, AnyOf<T>>>
      : [T] extends [object]
        ? { readonly [K in keyof T & string]?: SqlTypeOf<T[K]> }
        : Columns

/** Any type that one of the elements of a tuple can have. */
type AnyOf<T extends readonly unknown[]> = T[number] extends infer E
  ? E extends unknown
    ? SqlTypeOf<E>
    : never
  : never

/**
 * Columns with their types, in order.
 *
 * @example const columns: Columns = { word: 'text', count: 'number' }
 */
export type Columns = Readonly<Record<string, SqlType>>

const NAMES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  number: 'DOUBLE',
  bigint: 'BIGINT',
  boolean: 'BOOLEAN',
  date: 'TIMESTAMP',
  bytes: 'BLOB',
  json: 'JSON',
}

/** A name as SQL writes it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A type as SQL writes it. */
export const typeText = (type: SqlType): string => {
  if (typeof type === 'string') return NAMES[type]
  if (isList(type)) return `${typeText(type[0])}[]`
  const fields = Object.entries(type).map(([name, inner]) => `${quoted(name)} ${typeText(inner)}`)
  return `STRUCT(${fields.join(', ')})`
}

export const isList = (type: SqlType): type is readonly [SqlType] => Array.isArray(type)

/** Checks a schema that was passed to an operation, and returns it. */
export const checkSchema = (operation: string, schema: unknown): Columns | undefined => {
  if (schema === undefined) return undefined
  if (isRow(schema) && Object.keys(schema).length > 0 && isType(schema)) return schema as Columns
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${operation}() needs the columns of its schema with their types`,
    value: schema,
    allowed: `{ name: type }, a type being ${Object.keys(NAMES).join(', ')}, [type] or an object`,
    fix: `for example ${operation === 'sql' ? 'schema: ' : ''}{ word: 'text', count: 'number' }`,
  })
}

const isType = (type: unknown): boolean => {
  if (typeof type === 'string') return Object.hasOwn(NAMES, type)
  if (Array.isArray(type)) return type.length === 1 && isType(type[0])
  return isRow(type) && Object.keys(type).length > 0 && Object.values(type).every(isType)
}

/**
 * The values of the columns of an element. An array has them by their place, an object by their
 * name, and anything else is the only one. Undefined: it has another number of columns.
 */
export const valuesOf = (
  names: readonly string[],
  element: unknown,
): readonly unknown[] | undefined => {
  if (isRow(element)) {
    const fields: unknown[] = []
    for (const name of names) fields.push(fieldOf(element, name))
    return fields
  }
  const values: readonly unknown[] = Array.isArray(element) ? element : [element]
  return values.length === names.length ? values : undefined
}

/**
 * The columns of rows without a schema, in the order in which they first appear.
 *
 * @throws MillraceError `VALUE_UNSUPPORTED` for rows without any field.
 */
export const columnsIn = (rows: readonly unknown[]): Columns =>
  Object.fromEntries(columnsOf(rows, undefined).map(({ name, type }) => [name, type]))

/** An element with Spark's names of columns: `_1`, `_2` of an array, `value` of a single one. */
export const asRow = (element: unknown): unknown => {
  if (Array.isArray(element))
    return Object.fromEntries(element.map((value, place) => [`_${place + 1}`, value as unknown]))
  return isRow(element) ? element : { value: element }
}

/**
 * The rows that elements of the type T become: objects as they are, others by their columns.
 *
 * @example const row: FrameRow<[string, number]> = { _1: 'to', _2: 2 }
 */
export type FrameRow<T> = [T] extends [Scalar | readonly unknown[]] ? SqlRow : T
