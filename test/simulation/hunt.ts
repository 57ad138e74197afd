import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { plantedBugs } from './planted-bugs.ts'
import type { PlantedBug } from './planted/bug.ts'
import { LATE_SEEDS } from './planted/late-seeds.ts'
import { tableOf } from './table.ts'

/** The result of a planted bug in the simulator. */
export interface Find {
  readonly name: string
  readonly effect: string
  /** The first seed that finds it; undefined: none did. */
  readonly seed?: number | undefined
  readonly checker?: string | undefined
  readonly what?: string | undefined
  /** The test that has found it, for a bug that is not hunted. */
  readonly test?: string | undefined
}

/** A bug whose code only crashes proves nothing about the checkers. */
export const isFound = ({ seed, checker, test }: Find): boolean =>
  test !== undefined || (seed !== undefined && checker !== 'crash')

const PARALLEL = 2
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const ROOT = here('../..')
const VITEST = here('../../node_modules/vitest/vitest.mjs')

/** Plants each bug in a separate process, and runs seeds until one fails. */
export const huntPlantedBugs = async (
  seeds: number,
  bugs: readonly PlantedBug[] = plantedBugs,
): Promise<readonly Find[]> => {
  const finds: Find[] = []
  const waiting = bugs.map((bug, index) => ({ bug, index }))
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name, effect } = next.bug
      finds[next.index] = { name, effect, ...(await firstFind(next.bug, seeds)) }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  return finds
}

const firstFind = async (
  bug: PlantedBug,
  seeds: number,
): Promise<Omit<Find, 'name' | 'effect'>> => {
  if (bug.test !== undefined) return findByTest(bug, bug.test)
  const late = LATE_SEEDS[bug.name]
  const known = late === undefined ? {} : await findBetween(bug, late, late + 1)
  return isFound({ ...bug, ...known }) ? known : findBetween(bug, 0, seeds)
}

const findBetween = async (
  { name, pipeline }: PlantedBug,
  from: number,
  to: number,
): Promise<Pick<Find, 'seed' | 'checker' | 'what'>> => {
  const only = pipeline === undefined ? [] : ['--pipeline', pipeline]
  const seeds = ['--from', String(from), '--seeds', String(to - from)]
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--conditions=millrace-source',
      '--import',
      here('plant.ts'),
      here('sim.ts'),
      '--first',
      ...seeds,
      ...only,
    ],
    { env: { ...process.env, MILLRACE_PLANTED_BUG: name }, maxBuffer: 1 << 24 },
  )
  return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Find)
}

/** Plants the bug while the test runs. A test that does not even load has found nothing. */
const findByTest = async (
  { name }: PlantedBug,
  test: string,
): Promise<Pick<Find, 'test' | 'what'>> => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-planted-'))
  const report = join(folder, 'report.json')
  const args = ['--config', here('planted.config.ts'), '--reporter=json', `--outputFile=${report}`]
  try {
    await promisify(execFile)(process.execPath, [VITEST, 'run', ...args, test], {
      cwd: ROOT,
      env: { ...process.env, MILLRACE_PLANTED_BUG: name },
      maxBuffer: 1 << 26,
    }).catch(() => undefined)
    return failureIn(JSON.parse(readFileSync(report, 'utf8')) as TestReport, test)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const failureIn = ({ testResults }: TestReport, test: string): Pick<Find, 'test' | 'what'> => {
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  return failed === undefined ? {} : { test, what: failed.fullName }
}

interface TestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** The table of planted bugs, to print. */
export const plantedBugsTable = (finds: readonly Find[]): string => {
  const rows = finds.map(({ name, seed, checker, what, test }) => [
    name,
    test ?? (seed === undefined ? 'not found' : String(seed)),
    checker ?? '',
    (what ?? '').split('\n')[0]?.slice(0, 80) ?? '',
  ])
  return tableOf(['planted bug', 'first seed', 'checker', 'what it found'], rows)
}
