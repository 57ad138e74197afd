/** DuckDB as an independent reader and writer of files. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ColumnType } from '../../../lib/formats/file-columns.ts'
import {
  type FileFormat,
  fileInMemory,
  type FormatWriting,
} from '../../../lib/formats/file-format.ts'
import { temporaryDirectory } from '../../contract/temporary-directory.ts'

let connection: Promise<DuckDBConnection> | undefined

const connect = async (): Promise<DuckDBConnection> => {
  const instance = await DuckDBInstance.create(':memory:')
  const connected = await instance.connect()
  // The extensions that are built in are enough. Nothing is loaded from elsewhere.
  await connected.run("SET autoinstall_known_extensions = false; SET TimeZone = 'UTC'")
  return connected
}

/** The rows that a query gives, as values of JavaScript. */
export const queryDuckdb = async (
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const reader = await (await (connection ??= connect())).runAndReadAll(sql)
  return reader.getRowObjectsJS()
}

/** Writes a file in a directory of its own, and returns its path. */
export const fileOf = (name: string, bytes: Uint8Array): string => {
  const path = join(temporaryDirectory(), name)
  writeFileSync(path, bytes)
  return path
}

/** The bytes of a file that a format writes. */
export const encodeWith = async (
  { writing }: FileFormat<unknown>,
  rows: readonly unknown[],
): Promise<Uint8Array> => {
  await writing?.prepare?.()
  return (writing as FormatWriting).encode(rows)
}

/** The elements that a format reads, part by part. */
export const decodeWith = async (
  { reading }: FileFormat<unknown>,
  bytes: Uint8Array,
): Promise<{ readonly elements: readonly unknown[]; readonly parts: number }> => {
  if (reading?.shape !== 'parts') throw new TypeError('it is not read in parts')
  await reading.prepare?.()
  const parts = await reading.open(fileInMemory('a file', bytes))
  const elements: unknown[] = []
  for (const part of parts) for (const one of await part.read()) elements.push(one)
  return { elements, parts: parts.length }
}

/** Texts with all that files of text have to quote. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', ' ', ',', '"', '""', 'a"b', 'a,b', 'a\nb', 'a\r\nb', '\t', "'", '\\', '\\N'),
  fc.constantFrom('null', 'NULL', '0', '-', '#x', ' padded ', '1e5', 'é😀', '2026-01-01', 'true'),
)

const LONG_MAX = 2n ** 63n - 1n

/** Values of each type of columns. */
export const valuesOf: Readonly<Record<ColumnType, fc.Arbitrary<unknown>>> = {
  text: texts,
  number: fc.double(),
  bigint: fc.bigInt({ min: -LONG_MAX - 1n, max: LONG_MAX }),
  boolean: fc.boolean(),
  date: fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  }),
  bytes: fc.uint8Array({ maxLength: 9 }),
  // The library that reads Parquet loses a key of this name.
  json: fc
    .jsonValue({ maxDepth: 3 })
    .filter((value) => value !== null && !JSON.stringify(value).includes('__proto__')),
}

/** Tables with these columns, each of which may be null. */
export const tablesOf = (
  columns: Readonly<Record<string, ColumnType>>,
): fc.Arbitrary<readonly Readonly<Record<string, unknown>>[]> =>
  fc.array(
    fc.record(
      Object.fromEntries(
        Object.entries(columns).map(([name, type]) => [name, fc.option(valuesOf[type])]),
      ),
    ),
    { minLength: 1, maxLength: 20 },
  )
