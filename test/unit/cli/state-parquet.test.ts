import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet'
import { expect, test } from 'vitest'
import { isParquet, loadParquet } from '../../../cli/state-parquet.ts'
import type { StateEntry } from '../../../lib/runtime/state/state-partition-reader.ts'

/** What another reader finds in the file: the type of each column, and the rows. */
const readBack = async (entries: readonly StateEntry[]) => {
  const bytes = (await loadParquet())(entries)
  const file = bytes.buffer.slice(0, bytes.byteLength) as ArrayBuffer
  const { children } = parquetSchema(parquetMetadata(file))
  const types = children.map(
    ({ element }) => `${element.name} ${element.converted_type ?? element.type ?? ''}`,
  )
  return { types, rows: await parquetReadObjects({ file }) }
}
const states = (...values: readonly unknown[]): readonly StateEntry[] =>
  values.map((state, index) => ({ key: `k${index}`, state }))

test.each<{ what: string; values: readonly unknown[]; type: string; read?: readonly unknown[] }>([
  { what: 'text', values: ['a', 'ü\u0000', ''], type: 'UTF8' },
  {
    what: 'whole numbers',
    values: [1, -2, 2 ** 53 - 1],
    type: 'INT64',
    read: [1n, -2n, 2n ** 53n - 1n],
  },
  { what: 'bigints', values: [7n, -(2n ** 63n)], type: 'INT64' },
  { what: 'numbers', values: [1, 0.5, -0, Infinity], type: 'DOUBLE' },
  { what: 'whole numbers beyond 2^53', values: [2 ** 60], type: 'DOUBLE' },
  { what: 'booleans', values: [true, false], type: 'BOOLEAN' },
  { what: 'times', values: [new Date(1_700_000_000_123)], type: 'TIMESTAMP_MILLIS' },
  { what: 'nothing and numbers', values: [null, 5], type: 'INT64', read: [null, 5n] },
  { what: 'objects', values: [{ n: 1, tags: ['a'] }, { n: 2 }], type: 'JSON' },
  { what: 'text and numbers', values: ['a', 1], type: 'JSON' },
  {
    what: 'a bigint that is too long',
    values: [2n ** 64n],
    type: 'JSON',
    read: [{ $bigint: '18446744073709551616' }],
  },
  { what: 'a time that is none', values: [new Date(NaN)], type: 'JSON', read: [{ $date: null }] },
])('$what: the column is $type', async ({ values, type, read = values }) => {
  const { types, rows } = await readBack(states(...values))
  expect(types).toEqual(['key UTF8', `value ${type}`])
  expect(rows).toEqual(read.map((value, index) => ({ key: `k${index}`, value })))
})

test('the time of the last use is a column where it is stored', async () => {
  const { types, rows } = await readBack([
    { key: ['a', 1], state: 1, touchedMs: 1_700_000_000_000 },
    { key: ['b', 2], state: 2, touchedMs: 1_700_000_060_000 },
  ])
  expect(types).toEqual(['key JSON', 'value INT64', 'touched TIMESTAMP_MILLIS'])
  expect(rows[1]).toEqual({ key: ['b', 2], value: 2n, touched: new Date(1_700_000_060_000) })
})

test('a state without keys, and one with many', async () => {
  expect((await readBack([])).rows).toEqual([])
  const many = Array.from({ length: 250_000 }, (_, n) => ({ key: `k${n}`, state: n }))
  const { rows } = await readBack(many)
  expect(rows.length).toBe(250_000)
  expect(rows.at(-1)).toEqual({ key: 'k249999', value: 249_999n })
})

test.each([
  ['totals.parquet', true],
  ['Totals.PARQUET', true],
  ['parquet', false],
  ['totals.parquet.jsonl', false],
  [undefined, false],
])('the ending of the file decides: %s', (path, is) => expect(isParquet(path)).toBe(is))
