/** DuckDB reads the directories that `partitionBy` makes, as readers do that only list them. */
import fc from 'fast-check'
import type { PartitionColumns } from 'millrace'
import { type FileFormat, jsonLines } from 'millrace/formats'
import { csv } from 'millrace/formats/csv'
import { parquet } from 'millrace/formats/parquet'
import { describe, expect, test } from 'vitest'
import { localFiles } from '../../../lib/adapters/local/local-files.ts'
import { temporaryDirectory } from '../../contract/temporary-directory.ts'
import { pipelineOf, START_MS, World } from '../runtime/harness.ts'
import { queryDuckdb } from './duckdb-bed.ts'

interface Row {
  readonly day: string | null
  readonly shop: string
  readonly n: number
}

const partitionBy = ({ day, n }: Row): PartitionColumns => ({ day, odd: n % 2 === 1 })

/** Writes a table, a batch for each list of rows, and returns its directory. */
const tableOf = async (
  format: FileFormat<unknown>,
  batches: readonly (readonly Row[])[],
): Promise<string> => {
  const world = new World()
  const root = temporaryDirectory()
  const pipeline = pipelineOf((ssc) =>
    ssc
      .textFileStream('in')
      .map((line) => JSON.parse(line) as Row)
      .saveAsFiles('a table/daily', { format, partitionBy }),
  )
  const app = world.deploy(pipeline, { files: localFiles({ root }) })
  await app.run()
  for (const [index, rows] of batches.entries()) {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    world.objects.write(`${index}`, Buffer.from(text), START_MS + 1_000 * index + 500)
    await app.tick()
  }
  return `${root}/a table/daily`
}

const days = fc.constantFrom(
  '2026-11-30',
  '__HIVE_DEFAULT_PARTITION__',
  'a/b',
  'x=y',
  '50%',
  'é 😀',
  '%41',
  "it's",
  '"q"',
  'a:b?',
  '.',
  '[c]',
  '+',
  '\\',
)
const rows: fc.Arbitrary<Row> = fc.record({
  day: fc.option(days),
  shop: fc.string({ unit: 'grapheme', maxLength: 5 }),
  n: fc.nat(9),
})
const batches = fc
  .array(fc.array(rows, { maxLength: 6 }), { minLength: 1, maxLength: 3 })
  .filter((all) => all.some((one) => one.length > 0))

const COLUMNS = "columns = {'shop': 'VARCHAR', 'n': 'DOUBLE'}"

describe.each<[string, FileFormat<unknown>, (tree: string) => string]>([
  ['parquet', parquet(), (tree) => `read_parquet('${tree}.parquet', hive_partitioning = true)`],
  [
    'jsonl',
    jsonLines(),
    (tree) => `read_ndjson('${tree}.jsonl', hive_partitioning = true, ${COLUMNS})`,
  ],
  [
    'csv',
    csv({ columns: { shop: 'text', n: 'number' } }),
    (tree) =>
      `read_csv('${tree}.csv', hive_partitioning = true, header = true, nullstr = '-none-',
        ${COLUMNS})`,
  ],
])('%s', (_, format, from) => {
  test('random tables', () =>
    fc.assert(
      fc.asyncProperty(batches, async (given) => {
        const table = await tableOf(format, given)
        const found = await queryDuckdb(
          `SELECT day::VARCHAR AS day, odd::VARCHAR AS odd, shop, n FROM ${from(`${table}/**/*`)}`,
        )
        const expected = given.flat().map(({ day, shop, n }) => ({
          day,
          odd: String(n % 2 === 1),
          shop,
          n,
        }))
        const sorted = (all: readonly object[]): readonly string[] =>
          all.map((row) => JSON.stringify(row)).toSorted()
        expect(sorted(found)).toEqual(sorted(expected))
      }),
      { numRuns: 12 },
    ))
})
