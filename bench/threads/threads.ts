/**
 * What a second thread gains: pipelines with work for each record, `millrace run --once` with
 * `--parallelism` 1 and 2. The results must be equal, byte for byte.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../lib/base/seeded.ts'
import { type Figure, rounded, table } from '../report.ts'
import { median, spread } from '../statistics.ts'
import { OPERATORS } from './operators.ts'

const root = join(import.meta.dirname, '..', '..')
const DEFAULT_ROUNDS = 3
const DEFAULT_MB = 200
const MB = 1_000_000
const SECTIONS = ['shop', 'news', 'blog', 'help', 'about', 'cart', 'login', 'search']
const MODIFIED_S = 1_700_000_000

/** How the benchmark is run. */
export interface ThreadsOptions {
  /** Rounds of each operator. Default 3. */
  readonly rounds: number | undefined
  /** Megabytes of events. Default 200. */
  readonly sizeMb: number | undefined
  /** The figures to measure. Undefined: all. */
  readonly only: readonly string[] | undefined
  readonly say: (text: string) => void
}

/** A directory with one file of events, which stays for the next run. */
const eventsOf = (bytes: number): string => {
  const directory = join(tmpdir(), 'millrace-bench-threads', `events-1-${bytes}`)
  if (existsSync(directory)) return directory
  const random = seededRandom(1)
  const below = (count: number): number => Math.floor(random() * count)
  const lines: string[] = []
  for (let size = 0; size < bytes; size += (lines.at(-1) as string).length + 1)
    lines.push(
      JSON.stringify({
        user: below(1_000_000),
        path: `/${SECTIONS[below(SECTIONS.length)]}/${below(100_000)}`,
        bytes: below(1_000),
        agent: 'Mozilla/5.0 (X11; Linux x86_64)',
      }),
    )
  const unfinished = `${directory}.tmp`
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'events.jsonl'), `${lines.join('\n')}\n`)
  utimesSync(join(unfinished, 'events.jsonl'), MODIFIED_S, MODIFIED_S)
  renameSync(unfinished, directory)
  return directory
}

interface Run {
  readonly seconds: number
  /** A hash over all that was written. */
  readonly results: string
}

const runOnce = (operator: string, events: string, parallelism: number): Run => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(root, join(directory, 'node_modules', 'millrace'))
    const bound = ['--bind', `events=${events}`, '--bind', 'results=out', '--state', 'state']
    const startMs = performance.now()
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--conditions=millrace-source',
        join(root, 'cli', 'main.ts'),
        'run',
        join(import.meta.dirname, 'operators.ts'),
        '--once',
        ...bound,
        '--parallelism',
        String(parallelism),
      ],
      {
        cwd: directory,
        encoding: 'utf8',
        env: {
          ...process.env,
          OPERATOR: operator,
          NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-bench-threads', 'compile-cache'),
        },
      },
    )
    const seconds = (performance.now() - startMs) / 1_000
    if (status !== 0) throw new Error(`${operator} ended with ${status}:\n${stderr.slice(-2_000)}`)
    return { seconds, results: hashOf(join(directory, 'out')) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The parts of all batches, in their order. The names of batches hold times. */
const hashOf = (directory: string): string => {
  const hash = createHash('sha256')
  const names = readdirSync(directory, { recursive: true }).map(String)
  for (const name of names.toSorted())
    if (name.includes('part-')) hash.update(readFileSync(join(directory, name)))
  return hash.digest('hex')
}

const figureOf = (operator: string): string => `threads-${operator}-gain`

/** Runs the benchmark, and prints its table. */
export const benchThreads = ({
  rounds = DEFAULT_ROUNDS,
  sizeMb = DEFAULT_MB,
  only,
  say,
}: ThreadsOptions): readonly Figure[] => {
  const events = eventsOf(sizeMb * MB)
  say(`${sizeMb} MB of JSON lines in one file; the time of one thread / the time of two.`)
  const figures: Figure[] = []
  const rows: string[][] = []
  for (const operator of Object.keys(OPERATORS)) {
    if (only !== undefined && !only.includes(figureOf(operator))) continue
    const gains: number[] = []
    const seconds: [number[], number[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      const [one, two] = [runOnce(operator, events, 1), runOnce(operator, events, 2)]
      if (one.results !== two.results) throw new Error(`${operator} differs with two threads`)
      seconds[0].push(one.seconds)
      seconds[1].push(two.seconds)
      gains.push(one.seconds / two.seconds)
    }
    rows.push([operator, spread(seconds[0], 1), spread(seconds[1], 1), spread(gains, 2)])
    const value = rounded(median(gains))
    figures.push({ bench: 'threads', figure: figureOf(operator), value, unit: 'ratio' })
  }
  say(table([['operator', '1 thread, s', '2 threads, s', 'gain min / median / max'], ...rows]))
  return figures
}
