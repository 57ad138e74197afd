/** DuckDB reads what we write. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ColumnType } from '../../../lib/formats/file-columns.ts'
import { csv } from '../../../lib/formats/csv/csv.ts'
import { jsonLines } from '../../../lib/formats/json/json-lines.ts'
import { parquet } from '../../../lib/formats/parquet/parquet.ts'
import { encodeWith, fileOf, queryDuckdb, tablesOf, texts } from './duckdb-bed.ts'

type Row = Readonly<Record<string, unknown>>

const TYPES: Readonly<Record<string, ColumnType>> = {
  a_text: 'text',
  'a number': 'number',
  'a "bigint"': 'bigint',
  boolean: 'boolean',
  'date.': 'date',
  bytes: 'bytes',
  json: 'json',
}

/** As DuckDB gives the values of a row. */
const inDuckdb = (row: Row): Row => ({
  ...row,
  bytes: row['bytes'] === null ? null : Buffer.from(row['bytes'] as Uint8Array),
  json: row['json'] === null ? null : (JSON.parse(JSON.stringify(row['json'])) as unknown),
})

test('Parquet: all types of columns, with nulls', () =>
  fc.assert(
    fc.asyncProperty(tablesOf(TYPES), async (rows) => {
      const path = fileOf('a.parquet', await encodeWith(parquet({ types: TYPES }), rows))
      const found = await queryDuckdb(`SELECT * FROM read_parquet('${path}')`)
      const parsed = found.map((row) => ({
        ...row,
        json: row['json'] === null ? null : (JSON.parse(row['json'] as string) as unknown),
      }))
      expect(parsed).toEqual(rows.map(inDuckdb))
    }),
    { numRuns: 100 },
  ))

test('Parquet: types of columns are those that the page says', async () => {
  const at = new Date(0)
  const bytes = Uint8Array.of(1)
  const row = { a: 'x', b: 1, c: 1n, d: true, e: at, f: bytes, g: { h: [1] }, i: 2n ** 70n }
  const path = fileOf('a.parquet', await encodeWith(parquet(), [row]))
  const described = await queryDuckdb(`DESCRIBE SELECT * FROM read_parquet('${path}')`)
  expect(
    Object.fromEntries(described.map((one) => [one['column_name'], one['column_type']])),
  ).toEqual({
    a: 'VARCHAR',
    b: 'DOUBLE',
    c: 'BIGINT',
    d: 'BOOLEAN',
    e: 'TIMESTAMP',
    f: 'BLOB',
    g: 'JSON',
    i: 'JSON',
  })
  const [found] = await queryDuckdb(`SELECT g, i FROM read_parquet('${path}')`)
  expect(found).toEqual({ g: '{"h":[1]}', i: String(2n ** 70n) })
})

test.each(['"', '\\'])('CSV: texts with delimiters, line ends and %s before quotes', (escape) =>
  fc.assert(
    fc.asyncProperty(tablesOf({ 'a,"b': 'text', c: 'text' }), async (rows) => {
      const path = fileOf('a.csv', await encodeWith(csv({ escape }), rows))
      const found = await queryDuckdb(
        `SELECT * FROM read_csv('${path}', header = true, all_varchar = true, delim = ',',
          quote = '"', escape = '${escape}', auto_detect = false, nullstr = '-none-',
          strict_mode = true,
          columns = {'a,"b': 'VARCHAR', 'c': 'VARCHAR'})`,
      )
      // CSV has no null.
      const expected = rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? ''])),
      )
      expect(found).toEqual(expected)
    }),
    { numRuns: 100 },
  ),
)

test('CSV: numbers, bigints, booleans and times, with a header that is found', () =>
  fc.assert(
    fc.asyncProperty(
      tablesOf({ n: 'number', b: 'bigint', t: 'boolean', d: 'date' }),
      async (rows) => {
        const path = fileOf('a.csv', await encodeWith(csv(), rows))
        const found = await queryDuckdb(
          `SELECT * FROM read_csv('${path}', header = true,
            columns = {'n': 'DOUBLE', 'b': 'BIGINT', 't': 'BOOLEAN', 'd': 'TIMESTAMP'})`,
        )
        expect(found).toEqual(rows)
      },
    ),
    { numRuns: 100 },
  ))

test('JSON lines: all that JSON has, and bigints', () =>
  fc.assert(
    fc.asyncProperty(
      tablesOf({ s: 'text', n: 'number', b: 'bigint', t: 'boolean', d: 'date', j: 'json' }),
      async (rows) => {
        const path = fileOf('a.jsonl', await encodeWith(jsonLines(), rows))
        const found = await queryDuckdb(
          `SELECT * FROM read_ndjson('${path}', columns = {'s': 'VARCHAR', 'n': 'DOUBLE',
            'b': 'BIGINT', 't': 'BOOLEAN', 'd': 'TIMESTAMP', 'j': 'JSON'})`,
        )
        const parsed = found.map((row) => ({
          ...row,
          j: row['j'] === null ? null : (JSON.parse(row['j'] as string) as unknown),
        }))
        const finite = (value: unknown): unknown =>
          typeof value === 'number' && !Number.isFinite(value) ? null : value
        // JSON has no zero below zero, and no number that is none.
        const expected = rows.map((row) => ({
          ...row,
          n: Object.is(row['n'], -0) ? 0 : finite(row['n']),
          j: JSON.parse(JSON.stringify(row['j'])) as unknown,
        }))
        expect(parsed).toEqual(expected)
      },
    ),
    { numRuns: 100 },
  ))

test('CSV: one column, whose texts may be empty', () =>
  fc.assert(
    fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 9 }), async (column) => {
      const path = fileOf(
        'a.csv',
        await encodeWith(
          csv(),
          column.map((a) => ({ a })),
        ),
      )
      const found = await queryDuckdb(
        `SELECT * FROM read_csv('${path}', header = true, delim = ',', quote = '"', escape = '"',
          auto_detect = false, nullstr = '-none-', columns = {'a': 'VARCHAR'})`,
      )
      expect(found.map(({ a }) => a)).toEqual(column)
    }),
    { numRuns: 100 },
  ))
