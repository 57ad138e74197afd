import { PGlite } from '@electric-sql/pglite'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../lib/adapters/local/system-clock.ts'
import { postgresError } from '../../lib/sinks/postgres/postgres-errors.ts'
import {
  limitTransaction,
  postgresSession,
  type Query,
  SET_UP,
} from '../../lib/sinks/postgres/postgres-session.ts'
import type { Row } from '../../lib/rdd/sink-declaration.ts'
import { type RowDatabase, rowSink } from '../../lib/sinks/rows/row-sink.ts'
import { sqlite } from '../../lib/sinks/sqlite/sqlite.ts'
import { sqliteDatabase } from '../../lib/sinks/sqlite/sqlite-database.ts'
import { expectError } from './errors.ts'
import { fenceOf, writeBatch } from './write-batch.ts'
import { postgresTypes } from './postgres-types.ts'
import { CREATE_TABLES, rowSinkContract } from './row-sink.contract.ts'
import { temporaryDirectory } from './temporary-directory.ts'

rowSinkContract('SQLite', () => {
  const file = join(temporaryDirectory(), 'rows.db')
  const [database, other] = [
    sqliteDatabase({ file, clock: systemClock() }),
    sqliteDatabase({ file, clock: systemClock() }),
  ]
  const peek = new DatabaseSync(file)
  for (const statement of CREATE_TABLES) peek.exec(statement)
  return {
    sink: rowSink(database),
    other: rowSink(other),
    rows: async (table) => peek.prepare(`SELECT * FROM ${table}`).all() as Row[],
    run: async (statement) => peek.exec(statement),
  }
})

// The statements run in PostgreSQL itself, compiled for JavaScript. It has one connection, so it
// cannot show what happens between two: test/e2e/postgres has that.
let server: PGlite
beforeAll(async () => {
  server = await PGlite.create()
}, 60_000)
afterAll(() => server.close())

const queryOf =
  ({ query }: Pick<PGlite, 'query'>): Query =>
  async (text, values) => {
    const statements = values === undefined ? text.split('; ') : [text]
    let rows: Awaited<ReturnType<Query>> = []
    for (const one of statements)
      rows = (await query<Record<string, unknown>>(one, values === undefined ? [] : [...values]))
        .rows
    return rows
  }

const database: RowDatabase = {
  description: 'postgres://here',
  async transaction(work) {
    try {
      return await server.transaction(async (transaction) => {
        const query = queryOf({ query: transaction.query.bind(transaction) })
        await limitTransaction(query)
        return work(postgresSession(query))
      })
    } catch (error) {
      throw postgresError(error, 'postgres://here')
    }
  },
  close: async () => undefined,
}

const emptyServer = async (): Promise<void> => {
  await server.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await server.exec([SET_UP, ...CREATE_TABLES].join(';'))
}

rowSinkContract('PostgreSQL in JavaScript', async () => {
  await emptyServer()
  return {
    sink: rowSink(database),
    other: rowSink(database),
    rows: async (table) => (await server.query<Row>(`SELECT * FROM ${table}`)).rows,
    run: async (statement) => void (await server.exec(statement)),
  }
})

postgresTypes('PostgreSQL in JavaScript', async () => {
  await emptyServer()
  return {
    sink: rowSink(database),
    query: async (text) => (await server.query<Row>(text)).rows,
    run: async (statement) => void (await server.exec(statement)),
  }
})

describe('the row of an element', () => {
  const { send } = sqlite<unknown>('scores', { table: 'made', key: 'id' })

  test('has the key of its pair, whatever its value has', () =>
    expect(send([1, { id: 2, n: 3 }])).toEqual({ id: 1, n: 3 }))

  test.each([2n ** 63n, -(2n ** 63n) - 1n, Number.NaN, new Date(Number.NaN)])(
    'is refused by itself where SQLite cannot hold it: %s',
    async (value) => {
      await expectError(() => send([1, value]), 'VALUE_UNSUPPORTED')
    },
  )

  test.each([2n ** 63n - 1n, -(2n ** 63n), Infinity, [Number.NaN], null])('may have %s', (value) =>
    expect(send([1, value])).toEqual({ id: 1, value }),
  )
})

test('a file of SQLite gets the tables and columns that rows need', async () => {
  const file = join(temporaryDirectory(), 'new.db')
  const sink = rowSink(sqliteDatabase({ file, clock: systemClock() }))
  const settings = { table: 'made', mode: 'upsert', key: ['id'], value: 'value' }
  const at = (timeMs: number, rows: readonly Row[]): Promise<void> =>
    writeBatch(sink, { path: 'made', timeMs, settings }, fenceOf(1, 1), [rows])
  await at(1_000, [{ id: 1, flag: true, when: new Date(0) }])
  await at(2_000, [{ id: 2, big: 2n ** 60n, list: [1, 'a'], bytes: new Uint8Array([1]) }])
  await at(3_000, [{ id: 1, flag: null, 'select "x"': 1.5 }])
  await sink.close?.()
  const peek = new DatabaseSync(file)
  const statement = peek.prepare('SELECT * FROM made ORDER BY id')
  statement.setReadBigInts(true)
  expect(statement.all()).toEqual([
    {
      id: 1n,
      flag: null,
      when: '1970-01-01T00:00:00.000Z',
      big: null,
      list: null,
      bytes: null,
      'select "x"': 1.5,
    },
    {
      id: 2n,
      flag: null,
      when: null,
      big: 2n ** 60n,
      list: '[1,"a"]',
      bytes: new Uint8Array([1]),
      'select "x"': null,
    },
  ])
})
