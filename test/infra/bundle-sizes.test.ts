/** What each format adds to the bundle of the functions: a library only where it is used. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../infra/bundle.ts'

const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache')

/** The bytes of code in the bundle of a pipeline that reads files of a format. */
const bundleBytes = (imports: string, format: string): number => {
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'sizes-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const entry = join(folder, 'pipeline.ts')
  const source = format === '' ? `textFileStream('in')` : `fileStream('in', { format: ${format} })`
  const code = [
    `import { seconds, stream } from 'millrace'`,
    imports,
    `export default stream('sizes', { batchInterval: seconds(1) }, (ssc) => {`,
    `  ssc.${source}.print()`,
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

test('a bundle grows by the formats that the plan uses', { timeout: 300_000 }, () => {
  const without = bundleBytes('', '')
  const rows = [
    ['jsonLines', `import { jsonLines } from 'millrace/formats'`, 4],
    ['csv', `import { csv } from 'millrace/formats/csv'`, 70],
    ['parquet', `import { parquet } from 'millrace/formats/parquet'`, 200],
    ['avro', `import { avro } from 'millrace/formats/avro'`, 140],
  ] as const
  const added = rows.map(([name, imports, mostKb]) => {
    const kb = (bundleBytes(imports, `${name}()`) - without) / 1_000
    return { name, kb: Math.round(kb), mostKb }
  })
  process.stdout.write(
    `without formats: ${Math.round(without / 1_000)} KB; ` +
      `${added.map(({ name, kb }) => `${name}: +${kb} KB`).join(', ')}\n`,
  )
  expect(added.filter(({ kb, mostKb }) => kb > mostKb)).toEqual([])
  expect(added.map(({ kb }) => kb > 0)).toEqual([true, true, true, true])
})
