/**
 * A state as a file of Parquet, with a row for each key. A column is typed by all of its values:
 * text, whole or other numbers, booleans, times. Everything else is JSON, in the form of object
 * files. The file is made in memory.
 */
import { loadPackage } from '../lib/base/load-package.ts'
import { valueText } from '../lib/runtime/state/state-lines.ts'
import type { StateEntry } from '../lib/runtime/state/state-partition-reader.ts'

/** Whether a path names a file of Parquet. */
export const isParquet = (path: string | undefined): path is string =>
  path?.toLowerCase().endsWith('.parquet') ?? false

type ColumnType = 'STRING' | 'INT64' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP' | 'JSON'

interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly data: unknown[]
}

/** Makes the bytes of the file. */
export type ToParquet = (entries: readonly StateEntry[]) => Uint8Array

/**
 * Loads what makes the file, before a state is read for it.
 *
 * @throws MillraceError `PACKAGE_MISSING`.
 */
export const loadParquet = async (): Promise<ToParquet> => {
  const { parquetWriteBuffer } = await loadPackage(
    'Parquet',
    async () => import('hyparquet-writer'),
  )
  return (entries) => new Uint8Array(parquetWriteBuffer({ columnData: [...columnsOf(entries)] }))
}

const columnsOf = (entries: readonly StateEntry[]): readonly Column[] => [
  columnOf(
    'key',
    entries.map(({ key }) => key),
  ),
  columnOf(
    'value',
    entries.map(({ state }) => state),
  ),
  ...timesOf(entries),
]

const timesOf = (entries: readonly StateEntry[]): readonly Column[] =>
  entries.some(({ touchedMs }) => touchedMs !== undefined)
    ? [
        columnOf(
          'touched',
          entries.map(({ touchedMs }) => dateOf(touchedMs)),
        ),
      ]
    : []

const dateOf = (timeMs: number | undefined): Date | null =>
  timeMs === undefined ? null : new Date(timeMs)

/** Integers, and bigints that fit in 64 bits. The zero below zero is no integer. */
const isWhole = (value: unknown): boolean =>
  typeof value === 'bigint'
    ? BigInt.asIntN(64, value) === value
    : Number.isSafeInteger(value) && !Object.is(value, -0)

/** Tried in this order. */
const TYPES: readonly {
  readonly type: ColumnType
  readonly fits: (value: unknown) => boolean
  readonly stored?: (value: unknown) => unknown
}[] = [
  { type: 'STRING', fits: (value) => typeof value === 'string' && value.isWellFormed() },
  { type: 'INT64', fits: isWhole, stored: (value) => BigInt(value as number | bigint) },
  { type: 'DOUBLE', fits: (value) => typeof value === 'number' },
  { type: 'BOOLEAN', fits: (value) => typeof value === 'boolean' },
  { type: 'TIMESTAMP', fits: (value) => value instanceof Date && !Number.isNaN(value.getTime()) },
]

const columnOf = (name: string, values: readonly unknown[]): Column => {
  const given = values.filter((value) => value !== null)
  const found = given.length === 0 ? undefined : TYPES.find(({ fits }) => given.every(fits))
  const { type, stored } = found ?? { type: 'JSON' as const, stored: jsonOf }
  const data = values.map((value) => (value === null ? null : (stored?.(value) ?? value)))
  return { name, type, data }
}

const jsonOf = (value: unknown): unknown => JSON.parse(valueText(value))
