/** The statements of a transaction in PostgreSQL. */
import {
  CREATE_FENCES,
  fenceOf,
  fenceSql,
  fenceValues,
  quoteName,
  quoteTable,
} from '../rows/fence-table.ts'
import { type RowSession, WHOLE } from '../rows/row-sink.ts'
import { jsonChunks } from './postgres-values.ts'

/** Runs a statement with parameters, and gives its rows. */
export type Query = (
  text: string,
  values?: readonly (string | number)[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** A statement takes at most so much. */
const ROWS_MAX = 5_000
const BYTES_MAX = 4 * 1024 * 1024

/**
 * Limits of one transaction. A process that stands still in the middle of one holds its locks for
 * a quarter of a minute at most. They are set in the transaction, since a pooler between may refuse
 * them as parameters of the connection.
 */
const LIMITS = [
  'SET LOCAL idle_in_transaction_session_timeout = 15000',
  'SET LOCAL lock_timeout = 20000',
  'SET LOCAL statement_timeout = 60000',
  // Conversions of texts must not depend on how the server is set up.
  "SET LOCAL datestyle = 'ISO'",
].join('; ')

/** Statements that must run once before the first transaction. */
export const SET_UP: string = CREATE_FENCES

/** Sets the limits of a transaction that has begun. */
export const limitTransaction = async (query: Query): Promise<void> => void (await query(LIMITS))

const insertSql = (table: string, columns: readonly string[], key: readonly string[]): string => {
  const names = columns.map(quoteName).join(', ')
  const target = quoteTable(table)
  // The server makes values of the types of the table: one parameter, whatever the columns are.
  const given = `json_populate_recordset(null::${target}, $1::text::json)`
  if (key.length === 0)
    return columns.length === 0
      ? `INSERT INTO ${target} SELECT FROM json_array_elements($1::text::json)`
      : `INSERT INTO ${target} (${names}) SELECT ${names} FROM ${given}`
  const keys = key.map(quoteName).join(', ')
  // Keys that differ here may be equal as values of the column: two times of one day, 1 and '1'.
  // A statement may not touch a row twice, so the last of them counts.
  const insert =
    `INSERT INTO ${target} (${names}) SELECT DISTINCT ON (${keys}) ${names} FROM ` +
    `(SELECT ${names}, row_number() OVER () AS millrace_number FROM ${given}) AS numbered ` +
    `ORDER BY ${keys}, millrace_number DESC`
  const others = columns.filter((name) => !key.includes(name))
  const changes = others.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`)
  const change = others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${changes.join(', ')}`
  return `${insert} ON CONFLICT (${keys}) ${change}`
}

/** The operations of a transaction. */
export const postgresSession = (query: Query): RowSession => ({
  async claim(given) {
    await query(`${fenceSql.insert} ON CONFLICT DO NOTHING`, fenceValues(given))
    const [row] = await query(`${fenceSql.select} FOR UPDATE`, [given.output, given.part])
    return row === undefined ? given : fenceOf(row)
  },
  async fence(output, part) {
    const lock = part === WHOLE ? ' FOR SHARE' : ''
    const [row] = await query(`${fenceSql.select}${lock}`, [output, part])
    return row && fenceOf(row)
  },
  async putFence(row) {
    await query(`${fenceSql.insert} ${fenceSql.onConflict}`, fenceValues(row))
  },
  partFences: async (output, from) =>
    (await query(fenceSql.selectFrom, [output, from])).map(fenceOf),
  async removePartFences(output) {
    await query(fenceSql.removeParts, [output])
  },
  async removeBatch(table, column, timeMs) {
    await query(`DELETE FROM ${quoteTable(table)} WHERE ${quoteName(column)} = $1`, [timeMs])
  },
  async write({ columns, rows }, { table, mode, key }) {
    const text = insertSql(table, columns, mode === 'upsert' ? key : [])
    for (const chunk of jsonChunks(rows, ROWS_MAX, BYTES_MAX)) await query(text, [chunk])
  },
})
