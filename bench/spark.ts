/** Runs a script in the shell of Spark. */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

/** How a benchmark beside Spark is run. */
export interface BesideSparkOptions {
  /** Rounds of each figure. Undefined: the benchmark has its own number. */
  readonly rounds: number | undefined
  /** The folder of Spark. Undefined: without Spark. */
  readonly sparkHome: string | undefined
  readonly say: (text: string) => void
}

/** The median milliseconds of what the script prints, by name. A line is `figure NAME MS`. */
export const inSpark = (
  home: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): ReadonlyMap<string, number> => {
  const { stdout, stderr, status } = spawnSync(
    join(home, 'bin', 'spark-shell'),
    ['--master', `local[${cpus().length}]`, '--conf', 'spark.ui.enabled=false', '-i', script],
    { env: { ...process.env, SPARK_HOME: home, ...environment }, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`Spark ended with ${status}:\n${stderr.slice(-2_000)}`)
  const lines = [...stdout.matchAll(/^figure (?<name>\S+) (?<ms>[\d.]+)$/gm)]
  if (lines.length === 0) throw new Error(`Spark printed no figure:\n${stdout.slice(-2_000)}`)
  const byName = Map.groupBy(lines, ({ groups }) => groups?.['name'] ?? '')
  return new Map(
    [...byName].map(([name, all]) => [name, median(all.map((one) => Number(one.groups?.['ms'])))]),
  )
}
