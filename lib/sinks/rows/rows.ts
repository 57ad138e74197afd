/** Rows of one partition: the last of each key, in an order, by their columns. */
import { createHash } from 'node:crypto'
import { objectLines, objectText } from '../../formats/object-lines.ts'
import type { Row } from '../../rdd/sink-declaration.ts'
import type { TableSettings } from './row-settings.ts'

/** Rows that have the same columns. */
export interface RowGroup {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
}

/** A text that is equal for equal keys. */
const keyOf = (row: Row, key: readonly string[]): string => objectText(key.map((name) => row[name]))

/**
 * The last row of each key, sorted by key. A statement may not touch a row twice, and transactions
 * that lock rows in one order cannot wait for each other in a circle.
 */
const lastOfEachKey = (rows: readonly Row[], key: readonly string[]): readonly Row[] =>
  [...new Map(rows.map((row) => [keyOf(row, key), row]))]
    .toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([, row]) => row)

/** The rows as they are written: groups with the same columns, in the order of their first rows. */
export const rowGroups = (
  rows: readonly Row[],
  { mode, key, batchTime }: TableSettings,
  timeMs: number,
): readonly RowGroup[] => {
  const kept = mode === 'upsert' ? lastOfEachKey(rows, key) : rows
  const stamped =
    batchTime === undefined ? kept : kept.map((row) => ({ ...row, [batchTime]: timeMs }))
  const groups = Map.groupBy(stamped, (row) => JSON.stringify(Object.keys(row).toSorted()))
  return [...groups].map(([columns, those]) => ({
    columns: JSON.parse(columns) as readonly string[],
    rows: those,
  }))
}

/** 32 hex digits over rows in their order. */
export const digestOf = (rows: readonly Row[]): string =>
  createHash('sha256').update(objectLines(rows)).digest('hex').slice(0, 32)
