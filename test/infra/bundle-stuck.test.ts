/** A function that does not return is named in the log, also from the bundle on Lambda. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleOptions } from '../../infra/bundle.ts'
import { root } from '../tidy/source.ts'

const PIPELINE = `import { seconds, stream } from 'millrace'
const spin = (ms: number): number => {
  const endMs = Date.now() + ms
  while (Date.now() < endMs) continue
  return ms
}
export default stream('stuck', { batchInterval: seconds(1) }, (ssc) => {
  ssc.kinesisTextStream('lines').map((line) => spin(Number(line))).print()
})
`

/** Stands for a function: it is watched, and runs its \`map\`, a short time and a long one. */
const PROBE = `import pipeline from 'millrace-pipeline'
import { parallelize } from 'millrace'
import { watchFunctions } from '${join(root, 'functions/watch.ts')}'
watchFunctions(import.meta.url, { app: 'stuck', generation: 3 })
const map = pipeline.build().nodes.find(({ id }) => id === 'map-1')
const run = (ms) => map.node.compute([parallelize([ms])], {}).collect()
await run('1000')
await new Promise((resolve) => setTimeout(resolve, 1_000))
await run('4500')
`

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(root, 'node_modules', '.cache', 'stuck-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test.concurrent.each([
  ['minified', true],
  ['not minified', false],
])('%s', { timeout: 60_000 }, async (_, minify) => {
  const project = join(folder, String(minify))
  mkdirSync(project)
  const entry = join(project, 'pipeline.ts')
  writeFileSync(entry, PIPELINE)
  writeFileSync(join(project, 'probe.ts'), PROBE)
  const outdir = join(project, 'out')
  const { entryPoints, ...options } = bundleOptions(entry, outdir, { minify })
  const thread = (entryPoints as Readonly<Record<string, string>>)['watchdog-thread'] as string
  await build({
    ...options,
    entryPoints: { probe: join(project, 'probe.ts'), 'watchdog-thread': thread },
  })
  const probe = ['--enable-source-maps', join(outdir, 'probe.mjs')]
  const { stdout } = await promisify(execFile)(process.execPath, probe)
  const { runningAt, timestamp, seconds, ...rest } = JSON.parse(stdout) as Readonly<
    Record<string, unknown>
  >
  expect(new Date(String(timestamp)).toISOString()).toBe(timestamp)
  const facts = { level: 'ERROR', app: 'stuck', generation: 3 }
  expect(rest).toEqual({ ...facts, event: 'stuck', function: 'spin' })
  // A busy machine looks late.
  expect(Number(seconds)).toBeGreaterThanOrEqual(3)
  expect(runningAt).toMatch(/\/pipeline\.ts:4:\d+$/)
})
