/** Errors point at the user's line also in the bundle that runs on Lambda. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleOptions } from '../../infra/bundle.ts'
import { root } from '../tidy/source.ts'

const PIPELINE = `import { seconds, stream } from 'millrace'
interface Visit {
  readonly page: { readonly name: string }
}
const nameOf = (visit: Visit): string => visit.page.name
export default stream('places', { batchInterval: seconds(1) }, (ssc) => {
  const lines = ssc.kinesisTextStream('lines')
  lines.map((line) => nameOf(JSON.parse(line) as Visit)).print()
})
`

/** Stands for a function: it has the plan, runs its \`map\`, and tells where what happened. */
const PROBE = `import pipeline from 'millrace-pipeline'
import { parallelize } from 'millrace'
import { placeOf, stackOf } from '${join(root, 'lib/base/error-places.ts')}'
const plan = pipeline.build()
const map = plan.nodes.find(({ id }) => id === 'map-1')
const rdd = map.node.compute([parallelize(['{}'])], {})
const error = await rdd.collect().catch((thrown) => thrown)
console.log(JSON.stringify([map.declaredAt(), placeOf(error.cause), stackOf(error.cause)]))
`

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(root, 'node_modules', '.cache', 'places-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['minified', true],
  ['not minified', false],
])('%s', { timeout: 60_000 }, async (_, minify) => {
  // Not in node_modules: what is there is a package, and not the user's.
  const project = join(folder, String(minify))
  mkdirSync(project)
  const entry = join(project, 'pipeline.ts')
  writeFileSync(entry, PIPELINE)
  writeFileSync(join(project, 'probe.ts'), PROBE)
  const outdir = join(project, 'out')
  const options = bundleOptions(entry, outdir, { minify })
  await build({ ...options, entryPoints: { probe: join(project, 'probe.ts') } })
  const said = execFileSync(process.execPath, ['--enable-source-maps', join(outdir, 'probe.mjs')], {
    encoding: 'utf8',
  })
  const [declaredAt, thrownAt, stack] = JSON.parse(said) as readonly string[]
  expect([declaredAt, thrownAt].map((place) => place?.split('/').at(-1))).toEqual([
    'pipeline.ts:8:9',
    'pipeline.ts:5:53',
  ])
  // Names of functions in source maps are not to be relied on.
  expect(stack?.match(/pipeline\.ts:\d+:\d+/g)).toEqual(['pipeline.ts:5:53', 'pipeline.ts:8:23'])
})
