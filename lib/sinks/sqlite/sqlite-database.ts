/** A file of SQLite as a database of rows, by `node:sqlite`. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { objectText } from '../../formats/object-lines.ts'
import {
  CREATE_FENCES,
  fenceOf,
  fenceSql,
  fenceValues,
  quoteName,
  quoteTable,
} from '../rows/fence-table.ts'
import type { TableSettings } from '../rows/row-settings.ts'
import type { RowDatabase, RowSession } from '../rows/row-sink.ts'
import type { RowGroup } from '../rows/rows.ts'

/** A value as SQLite has it. */
const storable = (value: unknown): SQLInputValue => {
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean') return BigInt(value)
  // A number would be stored as 2.0.
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return BigInt(value as number)
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return value
  return objectText(value)
}

/** SQLite has the types of values, not of columns: a table can be made as rows need it. */
const ensureTable = (
  database: DatabaseSync,
  { columns }: RowGroup,
  { table, mode, key }: TableSettings,
): void => {
  const target = quoteTable(table)
  const primary = mode === 'upsert' ? `, PRIMARY KEY (${key.map(quoteName).join(', ')})` : ''
  const wanted = columns.length === 0 ? ['value'] : columns
  const names = wanted.map(quoteName).join(', ')
  database.exec(`CREATE TABLE IF NOT EXISTS ${target} (${names}${primary})`)
  const info = database.prepare('SELECT name FROM pragma_table_info(?)').all(tableName(table))
  const known = new Set(info.map(({ name }) => String(name).toLowerCase()))
  for (const column of wanted)
    if (!known.has(column.toLowerCase()))
      database.exec(`ALTER TABLE ${target} ADD COLUMN ${quoteName(column)}`)
}

/** Without its schema. */
const tableName = (table: string): string => table.split('.').at(-1) ?? table

const insertSql = (columns: readonly string[], { table, mode, key }: TableSettings): string => {
  const insert =
    columns.length === 0
      ? `INSERT INTO ${quoteTable(table)} DEFAULT VALUES`
      : `INSERT INTO ${quoteTable(table)} (${columns.map(quoteName).join(', ')}) ` +
        `VALUES (${columns.map(() => '?').join(', ')})`
  if (mode === 'append') return insert
  const others = columns.filter((name) => !key.includes(name))
  const changes = others.map((name) => `${quoteName(name)} = excluded.${quoteName(name)}`)
  const change = others.length === 0 ? 'NOTHING' : `UPDATE SET ${changes.join(', ')}`
  return `${insert} ON CONFLICT (${key.map(quoteName).join(', ')}) DO ${change}`
}

/** SQLite writes numbered parameters in another way. */
const numbered = (text: string): string => text.replaceAll(/\$(?=\d)/g, '?')

const sessionOf = (database: DatabaseSync): RowSession => {
  const run = (text: string, values: readonly SQLInputValue[]): void =>
    void database.prepare(numbered(text)).run(...values)
  const all = (text: string, values: readonly SQLInputValue[]) =>
    database.prepare(numbered(text)).all(...values)
  const session: RowSession = {
    async claim(given) {
      return (await session.fence(given.output, given.part)) ?? given
    },
    async fence(output, part) {
      const [row] = all(fenceSql.select, [output, part])
      return row && fenceOf(row)
    },
    putFence: async (row) => run(`${fenceSql.insert} ${fenceSql.onConflict}`, fenceValues(row)),
    partFences: async (output, from) => all(fenceSql.selectFrom, [output, from]).map(fenceOf),
    removePartFences: async (output) => run(fenceSql.removeParts, [output]),
    async removeBatch(table, column, timeMs) {
      const known = all('SELECT name FROM pragma_table_info(?)', [tableName(table)])
      if (known.length === 0) return
      run(`DELETE FROM ${quoteTable(table)} WHERE ${quoteName(column)} = ?`, [timeMs])
    },
    async write(group, settings) {
      ensureTable(database, group, settings)
      const insert = database.prepare(insertSql(group.columns, settings))
      for (const row of group.rows)
        insert.run(...group.columns.map((column) => storable(row[column])))
    },
  }
  return session
}

/** Primary result codes: https://sqlite.org/rescode.html. */
const [ERROR, BUSY, FULL] = [1, 5, 13]

const resultCode = (error: unknown): number =>
  Number((error as { readonly errcode?: unknown } | null)?.errcode) & 0xff

const sqliteError = (error: unknown, file: string): MillraceError => {
  if (isMillraceError(error)) return error
  const code = resultCode(error)
  return new MillraceError(code === FULL ? 'STORE_FULL' : 'OUTPUT_FAILED', {
    problem: `SQLite refused the rows: ${(error as Error).message}`,
    value: file,
    fix:
      code === ERROR
        ? 'let the key of the sink be the primary key or a unique index of the table'
        : 'see the message; use another file if this one belongs to something else',
    retryable: code === BUSY,
    cause: error,
  })
}

/** Settings of {@link sqliteDatabase}. */
export interface SqliteDatabaseOptions {
  readonly file: string
  /** For pauses while another process writes. */
  readonly clock: Clock
}

const BUSY_PAUSE_MS = 20
const BUSY_TRIES_MAX = 500

/**
 * Opens a file, which is created if it is not there. Tables and columns that are missing are made.
 *
 * @example
 * ```ts
 * const database = sqliteDatabase({ file: 'scores.db', clock: systemClock() })
 * await database.transaction(async (session) => console.log(await session.fence('totals', -1)))
 * await database.close()
 * ```
 */
export const sqliteDatabase = ({ file, clock }: SqliteDatabaseOptions): RowDatabase => {
  let opened: DatabaseSync | undefined
  const open = (): DatabaseSync => {
    const database = new DatabaseSync(file, { timeout: 0 })
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      database.exec(CREATE_FENCES)
    } catch (error) {
      // It is tried again and again while another process writes.
      database.close()
      throw error
    }
    return database
  }
  // A wait inside of SQLite would stop this whole process.
  const begin = async (): Promise<DatabaseSync> => {
    for (let tries = 1; ; tries++) {
      try {
        const database = (opened ??= open())
        database.exec('BEGIN IMMEDIATE')
        return database
      } catch (error) {
        if (resultCode(error) !== BUSY || tries >= BUSY_TRIES_MAX) throw error
        await clock.sleep(BUSY_PAUSE_MS)
      }
    }
  }
  const transact = async <T>(work: (session: RowSession) => Promise<T>): Promise<T> => {
    try {
      const database = await begin()
      try {
        const result = await work(sessionOf(database))
        database.exec('COMMIT')
        return result
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    } catch (error) {
      throw sqliteError(error, file)
    }
  }
  // One connection has one transaction at a time.
  let last: Promise<unknown> = Promise.resolve()
  return {
    description: `sqlite:${file}`,
    async transaction(work) {
      const running = last.then(() => transact(work))
      last = running.catch(() => undefined)
      return running
    },
    async close() {
      await last
      opened?.close()
      opened = undefined
    },
  }
}
