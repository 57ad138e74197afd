/** We read what DuckDB writes. */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { csv } from '../../../lib/formats/csv/csv.ts'
import { jsonLines } from '../../../lib/formats/json/json-lines.ts'
import { parquet } from '../../../lib/formats/parquet/parquet.ts'
import { temporaryDirectory } from '../../contract/temporary-directory.ts'
import { decodeWith, encodeWith, fileOf, queryDuckdb, tablesOf } from './duckdb-bed.ts'

const bytesOf = async (query: string, options: string, name = 'b'): Promise<Uint8Array> => {
  const path = join(temporaryDirectory(), name)
  await queryDuckdb(`COPY (${query}) TO '${path}' (${options})`)
  return readFileSync(path)
}

/** A table of rows in DuckDB, by way of lines of JSON that are its own to read. */
const loaded = async (rows: readonly object[], columns: string): Promise<string> => {
  const path = fileOf('in.jsonl', await encodeWith(jsonLines(), rows))
  return `SELECT * FROM read_ndjson('${path}', columns = ${columns})`
}

describe.each(['snappy', 'zstd', 'gzip', 'brotli', 'uncompressed'])('Parquet with %s', (codec) => {
  test('random tables', () =>
    fc.assert(
      fc.asyncProperty(
        tablesOf({ s: 'text', b: 'bigint', t: 'boolean', d: 'date' }),
        async (rows) => {
          const from = await loaded(
            rows,
            "{'s': 'VARCHAR', 'b': 'BIGINT', 't': 'BOOLEAN', 'd': 'TIMESTAMP'}",
          )
          const bytes = await bytesOf(from, `FORMAT parquet, CODEC '${codec}'`)
          expect((await decodeWith(parquet(), bytes)).elements).toEqual(rows)
        },
      ),
      { numRuns: 40 },
    ))

  test.each(['V1', 'V2'])('many rows in several row groups: %s', async (version) => {
    // A column of few texts has a dictionary, and one of many has none.
    const query = `SELECT i AS n, 'word ' || (i % 7) AS few, 'word ' || i || repeat('x', 20) many,
      i / 3 AS f, CASE WHEN i % 3 = 0 THEN NULL ELSE i % 5 END AS holes,
      DATE '2026-01-01' + (i % 400)::INT AS day, (i % 2 = 0) AS even, hash(i) AS h
      FROM range(9000) t(i)`
    const bytes = await bytesOf(
      query,
      `FORMAT parquet, CODEC '${codec}', ROW_GROUP_SIZE 2048, PARQUET_VERSION ${version}`,
    )
    const { elements, parts } = await decodeWith(parquet(), bytes)
    expect(parts).toBeGreaterThan(3)
    expect(elements).toEqual(await queryDuckdb(query))
  })
})

test.each(['DECIMAL(18, 3)', 'DECIMAL(9, 2)', 'DECIMAL(38, 10)', 'DECIMAL(4, 4)', 'DECIMAL(5, 0)'])(
  'Parquet: %s is the number that its text is',
  async (type) => {
    const digits = type === 'DECIMAL(4, 4)' ? 'i / 100000' : 'i * 12345.67 % 9999'
    const query = `SELECT (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END * (${digits}))::${type} AS d
      FROM range(5000) t(i)`
    const bytes = await bytesOf(
      `SELECT d, [d, NULL] AS list, {'a': d, 'b': [{'c': d}]} AS nested, MAP {'k': d} AS map
        FROM (${query})`,
      'FORMAT parquet',
    )
    const found = await queryDuckdb(`SELECT d::VARCHAR AS text FROM (${query})`)
    expect((await decodeWith(parquet(), bytes)).elements).toEqual(
      found.map(({ text }) => {
        const d = Number(text) + 0
        return { d, list: [d, null], nested: { a: d, b: [{ c: d }] }, map: { k: d } }
      }),
    )
  },
)

test('Parquet: types that we do not write', async () => {
  const bytes = await bytesOf(
    `SELECT 1::TINYINT a, 2::UTINYINT b, -3::SMALLINT c, 4::UINTEGER d,
      18446744073709551615::UBIGINT e, 1.5::DECIMAL(4, 2) f, -1.5::FLOAT g,
      1234567890123.45::DECIMAL(15, 2) h, DATE '2026-11-30' i,
      TIMESTAMP '2026-11-30 10:00:00.123' j,
      TIMESTAMPTZ '2026-11-30 10:00:00+02' k, TIMESTAMP_NS '2026-11-30 10:00:00.5' l,
      [1, NULL, 3] m, {'a': 1, 'b': ['x', NULL]} n, MAP {'k': 1, 'l': NULL} o,
      '11111111-2222-3333-4444-555555555555'::UUID p, 'x'::ENUM('x', 'y') q, '{"a": [1]}'::JSON r,
      [[1], [], NULL] s, [{'a': 1}, NULL] t, NULL::INTEGER u, TIMESTAMP_S '2026-11-30 10:00:00' v`,
    'FORMAT parquet',
  )
  expect((await decodeWith(parquet(), bytes)).elements).toEqual([
    {
      a: 1,
      b: 2,
      c: -3,
      d: 4,
      e: 18446744073709551615n,
      f: 1.5,
      g: -1.5,
      h: 1234567890123.45,
      i: new Date('2026-11-30'),
      j: new Date('2026-11-30T10:00:00.123Z'),
      k: new Date('2026-11-30T08:00:00Z'),
      l: new Date('2026-11-30T10:00:00.500Z'),
      m: [1, null, 3],
      n: { a: 1, b: ['x', null] },
      o: { k: 1, l: null },
      p: '11111111-2222-3333-4444-555555555555',
      q: 'x',
      r: { a: [1] },
      s: [[1], [], null],
      t: [{ a: 1 }, null],
      u: null,
      v: new Date('2026-11-30T10:00:00Z'),
    },
  ])
})

const CSV_COLUMNS = { s: 'text', n: 'number', b: 'bigint', t: 'boolean' } as const

describe.each([
  ['as it is', 'HEADER true', {}],
  ['all quoted', 'HEADER true, FORCE_QUOTE *', {}],
  ['another delimiter', "HEADER true, DELIMITER ';'", { delimiter: ';' }],
  ['tabs', "HEADER true, DELIMITER '\t'", { delimiter: '\t' }],
  ['another quote', "HEADER true, QUOTE '''', ESCAPE ''''", { quote: "'" }],
  ['backslashes before quotes', "HEADER true, ESCAPE '\\'", { escape: '\\' }],
])('CSV, %s', (_, options, settings) => {
  test('random tables', () =>
    fc.assert(
      fc.asyncProperty(tablesOf(CSV_COLUMNS), async (rows) => {
        const from = await loaded(
          rows.map((row) => ({ ...row, n: Number.isFinite(row['n']) ? row['n'] : 0.5 })),
          "{'s': 'VARCHAR', 'n': 'DOUBLE', 'b': 'BIGINT', 't': 'BOOLEAN'}",
        )
        const bytes = await bytesOf(from, `FORMAT csv, ${options}`)
        const format = csv({ columns: CSV_COLUMNS, ...settings })
        const expected = rows.map((row) => ({
          ...row,
          // CSV of DuckDB tells '' from null by quotes, and others do not.
          s: row['s'] ?? '',
          n: Number.isFinite(row['n']) ? (row['n'] as number) + 0 : 0.5,
        }))
        expect((await decodeWith(format, bytes)).elements).toEqual(expected)
      }),
      { numRuns: 60 },
    ))
})
