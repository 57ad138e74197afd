/** What parts add to the bundle of the functions: a format or a model only where it is used. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../infra/bundle.ts'

const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache')

/** The bytes of code in the bundle of a pipeline. */
const bundleBytes = (imports: string, described: string): number => {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'sizes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const entry = join(folder, 'pipeline.ts')
  const code = [
    `import { seconds, stream } from 'millrace'`,
    imports,
    `export default stream('sizes', { batchInterval: seconds(1) }, (ssc) => {`,
    described,
    `})`,
  ]
  writeFileSync(entry, code.join('\n'))
  const out = join(folder, 'out')
  mkdirSync(out)
  bundle(entry, out)
  return readdirSync(out)
    .filter((name) => name.endsWith('.mjs'))
    .reduce((total, name) => total + statSync(join(out, name)).size, 0)
}

const LINES = `ssc.textFileStream('in')`
const fileOf = (format: string): string => `ssc.fileStream('in', { format: ${format}() }).print()`
const learn = `new StreamingKMeans().setRandomCenters(1, 1, 1).trainOn`

test(
  'a bundle grows by the formats and the models that the plan uses',
  { timeout: 300_000 },
  () => {
    const without = bundleBytes('', `${LINES}.print()`)
    const rows = [
      ['jsonLines', `import { jsonLines } from 'millrace/formats'`, fileOf('jsonLines'), 4],
      ['csv', `import { csv } from 'millrace/formats/csv'`, fileOf('csv'), 70],
      ['parquet', `import { parquet } from 'millrace/formats/parquet'`, fileOf('parquet'), 200],
      ['avro', `import { avro } from 'millrace/formats/avro'`, fileOf('avro'), 140],
      [
        'a sketch',
        `import { hyperLogLog } from 'millrace/ml'`,
        `${LINES}.map(hyperLogLog().of).print()`,
        6,
      ],
      ['SQL', `import 'millrace/sql'`, `${LINES}.sql('from input').print()`, 40],
      [
        'a model',
        `import { StreamingKMeans } from 'millrace/ml'`,
        `${learn}(${LINES}.map((line) => [line.length]))`,
        20,
      ],
      [
        'a graph',
        `import { Graph } from 'millrace/graph'`,
        `${LINES}.map((line): [string, string] => [line, line])
          .transform((rdd) => Graph.fromEdges(rdd).pageRank(0.01)).print()`,
        8,
      ],
    ] as const
    const added = rows.map(([name, imports, described, mostKb]) => {
      const kb = (bundleBytes(imports, described) - without) / 1_000
      return { name, kb: Math.round(kb), mostKb }
    })
    process.stdout.write(
      `without: ${Math.round(without / 1_000)} KB; ` +
        `${added.map(({ name, kb }) => `${name}: +${kb} KB`).join(', ')}\n`,
    )
    expect(added.filter(({ kb, mostKb }) => kb > mostKb)).toEqual([])
    expect(added.filter(({ kb }) => kb <= 0)).toEqual([])
  },
)
