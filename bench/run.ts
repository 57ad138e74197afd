/**
 * `npm run bench -- NAME [--json] [--batches N] [--only FIGURE,FIGURE] [--size MB] [--huge]`: runs
 * a benchmark and prints the results. With `--json` each figure is one line, `{ "bench", "figure",
 * "value", "unit" }`, and the text for the user goes to the standard error. `--only` is for
 * `costs`, `engine`, `files`, `formats`, `scaling` and `threads`, and says what to measure.
 * `--size` is for `files`, `formats` and `threads`, and `--huge` for `files`.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Figure } from './report.ts'

const HEAP_MIB = 8_192
const DEFAULT_BATCHES = 6

/** The options of a benchmark. */
interface Settings {
  readonly batches: number
  /** As the user gave it. */
  readonly rounds: number | undefined
  readonly sizeMb: number | undefined
  readonly isHuge: boolean
  readonly say: (text: string) => void
  /** The figures to measure. Undefined: all. */
  readonly only: readonly string[] | undefined
}

interface Bench {
  /** True: the benchmark needs a large heap, and collects garbage itself. */
  readonly needsHeap: boolean
  readonly run: (settings: Settings) => Promise<readonly Figure[]>
}

const BENCHES: ReadonlyMap<string, Bench> = new Map<string, Bench>([
  [
    'engine',
    {
      needsHeap: true,
      run: async (settings) => (await import('./engine.ts')).benchEngine(settings),
    },
  ],
  [
    'aws-batches',
    {
      needsHeap: false,
      run: async ({ say }) => (await import('./aws-batches.ts')).benchAwsBatches(say),
    },
  ],
  [
    'directory',
    {
      needsHeap: false,
      run: async (settings) => (await import('./directory.ts')).benchDirectory(settings),
    },
  ],
  [
    'cold-start',
    {
      needsHeap: false,
      run: async (settings) => (await import('./cold-start.ts')).benchColdStart(settings),
    },
  ],
  [
    'files',
    {
      needsHeap: false,
      run: async (settings) =>
        (await import('./files/files.ts')).benchFiles({
          ...settings,
          sparkHome: process.env['SPARK_HOME'],
        }),
    },
  ],
  [
    'formats',
    {
      needsHeap: true,
      run: async (settings) => (await import('./formats/formats.ts')).benchFormats(settings),
    },
  ],
  [
    'ml',
    {
      needsHeap: false,
      run: async (settings) =>
        (await import('./ml/ml.ts')).benchMl({
          ...settings,
          sparkHome: process.env['SPARK_HOME'],
        }),
    },
  ],
  [
    'graph',
    {
      needsHeap: false,
      run: async (settings) =>
        (await import('./graph/graph.ts')).benchGraph({
          ...settings,
          sparkHome: process.env['SPARK_HOME'],
        }),
    },
  ],
  [
    'sql',
    {
      needsHeap: false,
      run: async (settings) => (await import('./sql/sql.ts')).benchSql(settings),
    },
  ],
  [
    'threads',
    {
      needsHeap: false,
      run: async (settings) => (await import('./threads/threads.ts')).benchThreads(settings),
    },
  ],
  [
    'overload',
    {
      needsHeap: false,
      run: async (settings) => (await import('./overload.ts')).benchOverload(settings),
    },
  ],
  [
    'scaling',
    {
      needsHeap: true,
      run: async (settings) => (await import('./scaling/scaling.ts')).benchScaling(settings),
    },
  ],
  [
    'costs',
    {
      needsHeap: true,
      run: async (settings) => (await import('./costs/costs.ts')).benchCosts(settings),
    },
  ],
])

const usage = (problem: string): never => {
  console.error(
    `${problem}\nUsage: npm run bench -- ${[...BENCHES.keys()].join('|')} [--json] [--batches N] ` +
      '[--only FIGURE,FIGURE] [--size MB] [--huge]',
  )
  process.exit(2)
}

/**
 * Starts this program again with a larger heap. The array methods create ten million pairs at once,
 * and these do not fit the default heap of Node.
 */
const runWithHeap = (): never => {
  const flags = [`--max-old-space-size=${HEAP_MIB}`, '--expose-gc', '--conditions=millrace-source']
  const child = spawnSync(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  )
  process.exit(child.status ?? 1)
}

/** A whole number from 1, or undefined when the option is not given. */
const countOf = (option: string, given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  const count = Number(given)
  if (Number.isInteger(count) && count >= 1) return count
  return usage(`--${option} must be a whole number from 1, and is ${given}.`)
}

const readArguments = (): Omit<Settings, 'say'> & {
  readonly bench: Bench
  readonly isJson: boolean
} => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      batches: { type: 'string' },
      only: { type: 'string' },
      size: { type: 'string' },
      huge: { type: 'boolean' },
    },
  })
  const [name = ''] = positionals
  const bench = BENCHES.get(name)
  if (bench === undefined || positionals.length !== 1)
    return usage(`There is no benchmark "${positionals.join(' ')}".`)
  const rounds = countOf('batches', values.batches)
  return {
    bench,
    isJson: values.json === true,
    rounds,
    batches: rounds ?? DEFAULT_BATCHES,
    only: values.only?.split(','),
    sizeMb: countOf('size', values.size),
    isHuge: values.huge === true,
  }
}

const { bench, isJson, ...settings } = readArguments()
if (bench.needsHeap && !('gc' in globalThis)) runWithHeap()
const figures = await bench.run({
  ...settings,
  say: (text) => (isJson ? console.error(text) : console.log(text)),
})
// JSON has no number for what never comes.
const finite = (_: string, value: unknown): unknown => (value === Infinity ? 'Infinity' : value)
if (isJson) for (const figure of figures) console.log(JSON.stringify(figure, finite))
