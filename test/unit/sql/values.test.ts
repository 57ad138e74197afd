import fc from 'fast-check'
import { parallelize } from 'millrace'
import 'millrace/sql'
import { type Columns, SqlSession, type SqlType } from 'millrace/sql'
import { describe, expect, test } from 'vitest'
import { tablesOf, valuesOf } from '../formats/duckdb-bed.ts'

const COLUMNS = {
  text: 'text',
  number: 'number',
  bigint: 'bigint',
  boolean: 'boolean',
  date: 'date',
  bytes: 'bytes',
  json: 'json',
} as const

const withNulls = (rows: readonly Readonly<Record<string, unknown>>[], columns: Columns) =>
  rows.map((row) =>
    Object.fromEntries(Object.keys(columns).map((name) => [name, row[name] ?? null])),
  )

describe('values of records', () => {
  test('come back as they were, through columns of a schema', async () => {
    await fc.assert(
      fc.asyncProperty(tablesOf(COLUMNS), async (rows) => {
        const session = SqlSession.of(parallelize([]))
        session.createDataFrame(rows as never[], COLUMNS as never).createOrReplaceTempView('given')
        const read = session.sql('select * from given', { bigints: true })
        const expected = withNulls(rows, COLUMNS).map((row) => ({
          ...row,
          json: row['json'] === null ? null : (JSON.parse(JSON.stringify(row['json'])) as unknown),
        }))
        expect(await read.collect()).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  test('come back as they were, inside of lists and structures', async () => {
    const schema = { list: ['text'], inner: { at: 'date', ns: ['number'], deep: { b: 'boolean' } } }
    const inner = fc.record({
      at: fc.option(valuesOf.date),
      ns: fc.option(fc.array(fc.option(fc.double()))),
      deep: fc.option(fc.record({ b: fc.option(fc.boolean()) })),
    })
    const row = fc.record({
      list: fc.option(fc.array(fc.option(valuesOf.text))),
      inner: fc.option(inner),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 9 }), async (rows) => {
        const frame = parallelize(rows as never[]).toDF(schema as never)
        expect(await frame.collect()).toEqual(rows)
      }),
      { numRuns: 60 },
    )
  })

  test('come back as they were in large batches, also in several partitions', async () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => ({
      at,
      text: at % 3 === 0 ? null : `a text that is longer than twelve bytes ${at}`,
      list: at % 5 === 0 ? null : Array.from({ length: at % 4 }, (__, i) => `${at}.${i}`),
    }))
    const frame = parallelize(rows, { partitions: 7 }).toDF({
      at: 'bigint',
      text: 'text',
      list: ['text'],
    })
    expect(await frame.collect()).toEqual(rows)
    expect(await frame.collectColumns()).toEqual({
      at: rows.map(({ at }) => at),
      text: rows.map(({ text }) => text),
      list: rows.map(({ list }) => list),
    })
  })

  const unfit: readonly (readonly [SqlType, unknown])[] = [
    ['text', 1],
    ['text', '\ud800'],
    ['number', '1'],
    ['number', 1n],
    ['bigint', 1.5],
    ['bigint', 2n ** 63n],
    ['bigint', 2 ** 53],
    ['boolean', 0],
    ['date', '2026-01-01'],
    ['date', new Date(Number.NaN)],
    ['bytes', 'a'],
    ['json', () => 1],
    ['json', new Map([[1, 2]])],
    [['text'], 'a'],
    [['text'], ['a', 1]],
    [{ a: 'text' }, { a: 1 }],
    [{ a: 'text' }, 'a'],
  ]

  test.each(unfit.map((row) => [JSON.stringify(row[0]), String(row[1]), row] as const))(
    'that are not of the type %s are refused: %s',
    async (_, __, [type, value]) => {
      const frame = parallelize([{ column: value }] as never[]).toDF({ column: type } as never)
      await expect(frame.collect()).rejects.toMatchObject({ code: 'VALUE_UNSUPPORTED' })
    },
  )

  test.each<[string, readonly unknown[], string, unknown]>([
    ['numbers', [{ a: 1 }, { a: 2.5 }, { a: -0 }], 'DOUBLE', [1, 2.5, -0]],
    ['NaN and infinity', [{ a: Number.NaN }, { a: -Infinity }], 'DOUBLE', [Number.NaN, -Infinity]],
    ['bigints', [{ a: 1n }, { a: 2 }], 'BIGINT', [1, 2]],
    ['larger bigints', [{ a: 2n ** 70n }], 'JSON', [2 ** 70]],
    ['dates', [{ a: new Date(-1) }], 'TIMESTAMP', [new Date(-1)]],
    ['texts with NUL', [{ a: 'a\0b' }], 'VARCHAR', ['a\0b']],
    ['objects', [{ a: { b: [1] } }, { a: [] }], 'JSON', [{ b: [1] }, []]],
    ['what differs', [{ a: 1 }, { a: 'x' }], 'JSON', [1, 'x']],
    ['what is missing', [{ b: 1 }, { a: 'x' }, { a: undefined }], 'VARCHAR', [null, 'x', null]],
  ])('without a schema have a type: %s', async (_, rows, type, expected) => {
    const session = SqlSession.of(parallelize([]))
    session.createDataFrame(rows as never[]).createOrReplaceTempView('t')
    expect(await session.sql('select a from t').collect()).toEqual(
      (expected as unknown[]).map((a) => ({ a })),
    )
    expect((await session.sql('select any_value(typeof(a)) as a from t').collect())[0]?.['a']).toBe(
      type,
    )
  })
})

describe('values of results', () => {
  test.each<[string, unknown, boolean?]>([
    ['count(*)', 1],
    ['count(*)', 1n, true],
    ['sum(1)', 1],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['-170141183460469231731687303715884105728', -(2n ** 127n), true],
    ['1::utinyint', 1],
    ['0.1::float', Math.fround(0.1)],
    ['185185.05::decimal(18, 2)', 185185.05],
    ['-0.05::decimal(4, 2)', -0.05],
    ["'12345678901234567890.12'::decimal(38, 2)", Number('12345678901234567890.12')],
    ["date '1969-12-31'", new Date('1969-12-31')],
    ["timestamp '2026-01-01 12:00:00.123999'", new Date('2026-01-01T12:00:00.123Z')],
    ["timestamp '1969-12-31 23:59:59.999999'", new Date(-1)],
    ["timestamptz '2026-06-01 12:00:00+02'", new Date('2026-06-01T10:00:00Z')],
    ["'2026-01-01'::timestamp_s", new Date('2026-01-01')],
    ["'2026-01-01'::timestamp_ms", new Date('2026-01-01')],
    ["'1969-12-31 23:59:59.999999999'::timestamp_ns", new Date(-1)],
    ["time '10:00:00'", '10:00:00'],
    ['interval 3 days', '3 days'],
    ["uuid '6b1b36cb-1f3b-4f5d-9f0e-1d2c3b4a5f60'", '6b1b36cb-1f3b-4f5d-9f0e-1d2c3b4a5f60'],
    ["'x'::enum('x', 'y')", 'x'],
    ["'0101'::bit", '0101'],
    ["'\\x00a'::blob", Uint8Array.of(0, 97)],
    ['[1, null]', [1, null]],
    ['[[count(*)]]', [[1]]],
    ['array_value(1, 2)', [1, 2]],
    ["{ a: 1, b: date '1970-01-01' }", { a: 1, b: new Date(0) }],
    ["map { 'a': count(*) }", new Map([['a', 1]])],
    ['union_value(a := count(*))', 1],
    ['\'{"a":[1]}\'::json', { a: [1] }],
    ['null', null],
    ['true', true],
  ])('%s', async (expression, expected, bigints = false) => {
    const session = SqlSession.of(parallelize([]))
    const frame = session.sql<{ a: unknown }>(`select ${expression} as a`, { bigints })
    expect(await frame.collect()).toEqual([{ a: expected }])
  })
})
