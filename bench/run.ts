/**
 * `npm run bench -- engine [--json] [--batches N]`: runs a benchmark and prints what it found. With `--json` each figure is one line,
 * `{ "bench", "figure", "value", "unit" }`, and what is meant for people goes to standard error.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchEngine } from './engine.ts'

const HEAP_MIB = 8_192
const DEFAULT_BATCHES = 6
const USAGE = 'Usage: npm run bench -- engine [--json] [--batches N]'

const usage = (problem: string): never => {
  console.error(`${problem}\n${USAGE}`)
  process.exit(2)
}

/** Ten million pairs at once, as array methods make them, need more heap than Node takes by itself. */
const runWithHeap = (): never => {
  const flags = [`--max-old-space-size=${HEAP_MIB}`, '--expose-gc', '--conditions=millrace-source']
  const child = spawnSync(process.execPath, [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(child.status ?? 1)
}

const readArguments = (): { readonly isJson: boolean; readonly batches: number } => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' }, batches: { type: 'string' } } })
  if (positionals.length !== 1 || positionals[0] !== 'engine') usage(`There is no benchmark "${positionals.join(' ')}".`)
  const batches = Number(values.batches ?? DEFAULT_BATCHES)
  if (!Number.isInteger(batches) || batches < 1) usage(`--batches is ${values.batches}, and should be a whole number from 1.`)
  return { isJson: values.json === true, batches }
}

const { isJson, batches } = readArguments()
if (!('gc' in globalThis)) runWithHeap()
const figures = await benchEngine({ batches, say: (text) => (isJson ? console.error(text) : console.log(text)) })
if (isJson) for (const figure of figures) console.log(JSON.stringify(figure))
