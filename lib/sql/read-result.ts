/** Results of DuckDB as values of JavaScript. */
import type * as DuckDB from '@duckdb/node-api'
import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { MillraceError } from '../base/errors.ts'
import type { Pause } from '../base/pauses.ts'
import type { Library } from './engine.ts'

type TypeIds = Library['DuckDBTypeId']

/**
 * A row of a result whose query gives it no type.
 *
 * @example const wordOf = (row: SqlRow): string => String(row['word'])
 */
export type SqlRow = Readonly<Record<string, unknown>>

/** How values are made. */
export interface Reading {
  /** Whether whole numbers of 64 bits or more are bigints. */
  readonly bigints: boolean
}

/** A result as DuckDB gives it. */
export interface RawResult {
  readonly library: Library
  readonly names: readonly string[]
  readonly types: readonly DuckDBType[]
  readonly chunks: readonly DuckDBDataChunk[]
}

type Convert = (value: DuckDBValue) => unknown

const SAME: Convert = (value) => value

const DAY_MS = 86_400_000n

/** The latest time that a Date has, in ms. */
const DATE_MS_MAX = 8_640_000_000_000_000n

const dateOf = (ms: bigint): Date => {
  if (ms > DATE_MS_MAX || ms < -DATE_MS_MAX)
    throw new RangeError('a time is infinite, or beyond what a Date has; cast it to VARCHAR')
  return new Date(Number(ms))
}

/** Rounds down: half a millisecond before a time is in the millisecond before it. */
const floored = (units: bigint, perMs: bigint): bigint => {
  const ms = units / perMs
  return units < 0n && ms * perMs !== units ? ms - 1n : ms
}

const wholeOf =
  ({ bigints }: Reading): Convert =>
  (value) => {
    if (bigints) return value
    const number = Number(value as bigint)
    if (Number.isSafeInteger(number)) return number
    throw new RangeError(
      `the whole number ${String(value)} is not exact as a number; set bigints: true, or cast it ` +
        'to VARCHAR or DOUBLE',
    )
  }

const nullable =
  (convert: Convert): Convert =>
  (value) =>
    value === null ? null : convert(value)

/** What makes values of a type. */
const converterOf = (id: TypeIds, type: DuckDBType, reading: Reading): Convert => {
  const inner = (of: DuckDBType): Convert => nullable(converterOf(id, of, reading))
  switch (type.typeId) {
    case id.VARCHAR:
      return type.alias === 'JSON' ? (value) => JSON.parse(value as string) as unknown : SAME
    case id.BIGINT:
    case id.UBIGINT:
    case id.HUGEINT:
    case id.UHUGEINT:
    case id.BIGNUM:
      return wholeOf(reading)
    case id.DECIMAL:
      return (value) => Number(String(value))
    case id.DATE:
      return (value) => dateOf(BigInt((value as DuckDB.DuckDBDateValue).days) * DAY_MS)
    case id.TIMESTAMP:
    case id.TIMESTAMP_TZ:
      return (value) => dateOf(floored((value as DuckDB.DuckDBTimestampValue).micros, 1_000n))
    case id.TIMESTAMP_S:
      return (value) => dateOf((value as DuckDB.DuckDBTimestampSecondsValue).seconds * 1_000n)
    case id.TIMESTAMP_MS:
      return (value) => dateOf((value as DuckDB.DuckDBTimestampMillisecondsValue).millis)
    case id.TIMESTAMP_NS:
      return (value) =>
        dateOf(floored((value as DuckDB.DuckDBTimestampNanosecondsValue).nanos, 1_000_000n))
    case id.BLOB:
      return (value) => Uint8Array.from((value as DuckDB.DuckDBBlobValue).bytes)
    case id.LIST:
    case id.ARRAY:
      return listOf(inner((type as DuckDB.DuckDBListType).valueType))
    case id.STRUCT:
      return structOf(type as DuckDB.DuckDBStructType, inner)
    case id.MAP:
      return mapOf(type as DuckDB.DuckDBMapType, inner)
    case id.UNION:
      return unionOf(type as DuckDB.DuckDBUnionType, inner)
    case id.TIME:
    case id.TIME_TZ:
    case id.TIME_NS:
    case id.INTERVAL:
    case id.UUID:
    case id.BIT:
    case id.GEOMETRY:
    case id.VARIANT:
      return String
    default:
      return SAME
  }
}

type InnerOf = (type: DuckDBType) => Convert

const listOf =
  (convert: Convert): Convert =>
  (value) =>
    (value as DuckDB.DuckDBListValue).items.map(convert)

const structOf = (type: DuckDB.DuckDBStructType, inner: InnerOf): Convert => {
  const fields = type.entryNames.map(
    (name, at) => [name, inner(type.entryTypes[at] as DuckDBType)] as const,
  )
  return (value) => {
    const { entries } = value as DuckDB.DuckDBStructValue
    return Object.fromEntries(
      fields.map(([name, convert]) => [name, convert(entries[name] as DuckDBValue)]),
    )
  }
}

const mapOf = (type: DuckDB.DuckDBMapType, inner: InnerOf): Convert => {
  const [keyOf, valueOf] = [inner(type.keyType), inner(type.valueType)]
  return (value) =>
    new Map(
      (value as DuckDB.DuckDBMapValue).entries.map((entry) => [
        keyOf(entry.key),
        valueOf(entry.value),
      ]),
    )
}

const unionOf = (type: DuckDB.DuckDBUnionType, inner: InnerOf): Convert => {
  const members = new Map(
    type.memberTags.map((tag, at) => [tag, inner(type.memberTypes[at] as DuckDBType)]),
  )
  return (value) => {
    const { tag, value: member } = value as DuckDB.DuckDBUnionValue
    return members.get(tag)?.(member)
  }
}

/**
 * The columns of a result.
 *
 * @throws MillraceError `QUERY_FAILED` for a value that JavaScript does not have.
 */
export const columnsOfResult = async (
  { library, names, types, chunks }: RawResult,
  reading: Reading,
  pause?: Pause,
): Promise<readonly unknown[][]> => {
  const columns: unknown[][] = types.map(() => [])
  const converters = types.map((type) => converterOf(library.DuckDBTypeId, type, reading))
  for (const chunk of chunks) {
    for (const [at, convert] of converters.entries())
      try {
        readColumn(chunk, at, convert, columns[at] as unknown[])
      } catch (error) {
        throw unreadable(names[at] as string, error)
      }
    const due = pause?.()
    if (due !== undefined) await due
  }
  return columns
}

const readColumn = (
  chunk: DuckDBDataChunk,
  at: number,
  convert: Convert,
  values: unknown[],
): void => {
  const vector = chunk.getColumnVector(at)
  for (let row = 0; row < vector.itemCount; row++) {
    const value = vector.getItem(row)
    values.push(value === null ? null : convert(value))
  }
}

const unreadable = (name: string, error: unknown): MillraceError =>
  new MillraceError('QUERY_FAILED', {
    problem: `The column ${name} of a result cannot be read: ${(error as Error).message}`,
    fix: 'cast the column in the query',
    cause: error,
  })

/** Columns as rows. */
export const rowsOf = (names: readonly string[], columns: readonly unknown[][]): SqlRow[] =>
  Array.from({ length: columns[0]?.length ?? 0 }, (_, at) => {
    const row: Record<string, unknown> = {}
    for (let column = 0; column < names.length; column++)
      row[names[column] as string] = (columns[column] as unknown[])[at]
    return row
  })

/** Checks that a result can be rows: each column has a name of its own. */
export const checkNames = (names: readonly string[]): void => {
  const odd = names.find((name, at) => names.indexOf(name) !== at || name === '__proto__')
  if (odd === undefined) return
  throw new MillraceError('QUERY_FAILED', {
    problem: `A result cannot have ${odd === '__proto__' ? 'the' : 'two'} columns ${odd}`,
    fix: 'name each column of the result with AS',
  })
}
