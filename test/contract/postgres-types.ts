/** What PostgreSQL makes of the values of rows, and what it says of those that do not fit. */
import { describe, expect, test } from 'vitest'
import type { Sink } from '../../lib/ports/sink.ts'
import type { Row } from '../../lib/rdd/sink-declaration.ts'
import type { TableSettings } from '../../lib/sinks/rows/row-settings.ts'
import { errorOf } from './errors.ts'
import { fenceOf, writeBatch } from './write-batch.ts'

/** A server that a test can look into. */
export interface PostgresUnderTest {
  readonly sink: Sink<readonly Row[]>
  readonly query: (text: string) => Promise<readonly Row[]>
  readonly run: (statement: string) => Promise<void>
}

const THINGS: TableSettings = { table: 'things', mode: 'upsert', key: ['id'], value: 'value' }

const write = (sink: Sink<readonly Row[]>, rows: readonly Row[], settings = THINGS) =>
  writeBatch(sink, { path: 'things', timeMs: 1_000, settings }, fenceOf(1, 1), [rows])

/** Runs the table of types. */
export const postgresTypes = (
  adapter: string,
  open: () => PostgresUnderTest | Promise<PostgresUnderTest>,
): void => {
  describe(`types: ${adapter}`, () => {
    test.each<[type: string, value: unknown, text: string | null]>([
      ['text', 'ä€😀', 'ä€😀'],
      ['text', 12, '12'],
      ['text', { a: 1 }, '{"a":1}'],
      ['integer', 12, '12'],
      ['bigint', 2n ** 62n, '4611686018427387904'],
      ['bigint', 1_700_000_000_000, '1700000000000'],
      ['numeric', 12345678901234567890123n, '12345678901234567890123'],
      ['numeric', '0.1', '0.1'],
      ['double precision', Number.NaN, 'NaN'],
      ['double precision', -Infinity, '-Infinity'],
      ['boolean', true, 'true'],
      ['timestamptz', new Date(Date.UTC(2026, 10, 30)), '2026-11-30 00:00:00+00'],
      ['date', '2026-11-30', '2026-11-30'],
      ['jsonb', { b: [1, null, 'x'], a: { n: 1 } }, '{"a": {"n": 1}, "b": [1, null, "x"]}'],
      ['jsonb', 'text', '"text"'],
      ['jsonb', [1, 2], '[1, 2]'],
      ['json', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
      ['text[]', ['a', 'b,"c'], '{a,"b,\\"c"}'],
      ['integer[]', [], '{}'],
      ['bytea', new Uint8Array([0, 255]), '\\x00ff'],
      ['uuid', '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001'],
      ['integer', null, null],
    ])('a column of type %s holds %s', async (type, value, text) => {
      const { sink, query, run } = await open()
      await run(`SET TIME ZONE 'UTC'; CREATE TABLE things (id text PRIMARY KEY, value ${type})`)
      await write(sink, [{ id: 'a', value }])
      expect(await query('SELECT value::text AS text FROM things')).toEqual([{ text }])
    })

    test.each<[type: string, keys: readonly unknown[], texts: readonly string[]]>([
      ['date', ['2026-11-30T01:00:00Z', new Date('2026-11-30T02:00:00Z')], ['2026-11-30']],
      ['integer', [1, '1', 1n, 2], ['1', '2']],
      ['numeric(4,1)', [1.01, 1.04, 1.2], ['1.0', '1.2']],
      ['char(3)', ['a', 'a ', 'b'], ['a  ', 'b  ']],
    ])('keys that are equal as %s are one key', async (type, keys, texts) => {
      const { sink, query, run } = await open()
      await run(`SET TIME ZONE 'UTC'; CREATE TABLE things (id ${type} PRIMARY KEY, n int)`)
      for (const n of [1, 2])
        await write(
          sink,
          keys.map((id) => ({ id, n })),
        )
      const rows = await query('SELECT id::text AS text, n FROM things ORDER BY id')
      expect(rows.map(({ text }) => String(text).trimEnd())).toEqual(
        texts.map((text) => text.trimEnd()),
      )
      expect(rows.map(({ n }) => n)).toEqual(texts.map(() => 2))
    })

    test('columns that rows lack get their defaults', async () => {
      const { sink, query, run } = await open()
      await run("CREATE TABLE things (id text PRIMARY KEY, at text DEFAULT 'now', n int DEFAULT 7)")
      await write(sink, [{ id: 'a' }, { id: 'b', n: 1 }])
      expect(await query('SELECT * FROM things ORDER BY id')).toEqual([
        { id: 'a', at: 'now', n: 7 },
        { id: 'b', at: 'now', n: 1 },
      ])
    })

    test('schemas, capital letters, and names that need quotes', async () => {
      const { sink, query, run } = await open()
      await run('CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."T" ("Id" text PRIMARY KEY)')
      await write(sink, [{ Id: 'a' }], { ...THINGS, table: 'My Schema.T', key: ['Id'] })
      expect(await query('SELECT * FROM "My Schema"."T"')).toEqual([{ Id: 'a' }])
      await run('DROP SCHEMA "My Schema" CASCADE')
    })

    test.each<[what: string, table: string | undefined, row: Row, says: RegExp]>([
      ['no table', undefined, { id: 'a' }, /"things" does not exist.*create the table first/s],
      [
        'no column',
        'id text PRIMARY KEY',
        { id: 'a', colour: 1 },
        /column "colour".*does not exist.*add the column/s,
      ],
      ['no index on the key', 'id text', { id: 'a' }, /unique index on exactly the key columns/],
      [
        'a value that does not fit',
        'id text PRIMARY KEY, n integer',
        { id: 'a', n: 'many' },
        /invalid input syntax for type integer: "many".*fit the types/s,
      ],
      [
        'a number that is too large',
        'id text PRIMARY KEY, n integer',
        { id: 'a', n: 2 ** 40 },
        /out of range/,
      ],
      [
        'a constraint',
        'id text PRIMARY KEY, n integer CHECK (n > 0)',
        { id: 'a', n: 0 },
        /things_n_check.*Failing row contains \(a, 0\).*leave out such rows/s,
      ],
    ])('the error says what is wrong: %s', async (_, table, row, says) => {
      const { sink, run } = await open()
      if (table !== undefined) await run(`CREATE TABLE things (${table})`)
      const error = await errorOf(() => write(sink, [row]))
      expect(error).toMatchObject({ code: 'OUTPUT_FAILED', retryable: false })
      expect(error.message).toMatch(says)
    })
  })
}
