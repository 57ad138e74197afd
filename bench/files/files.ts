/**
 * Word counts of one text in 1, 1,000 and 20,000 files, on one and two cores: `millrace run --once`
 * beside a loop written by hand, mawk and Spark. Each is a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figure, rounded, table } from '../report.ts'
import { median, spread } from '../statistics.ts'
import { type Contender, contendersHere, type Job, type Run } from './contenders.ts'
import { textOf, VOCABULARY } from './text.ts'

const BENCH = 'files'
const FILES = [1, 1_000, 20_000]
const CORES = [1, 2]
const DEFAULT_ROUNDS = 3
const DEFAULT_MB = 300
const HUGE_MB = 3_000
const MB = 1_000_000

/** How the benchmark is run. */
export interface FilesOptions {
  /** Rounds of each case. Default 3. */
  readonly rounds: number | undefined
  /** Megabytes of text. Default 300. */
  readonly sizeMb: number | undefined
  /** Measures only the memory, with one file of 3 GB. */
  readonly isHuge: boolean
  /** The figures to measure, or how their names begin. Undefined: all. */
  readonly only: readonly string[] | undefined
  /** The folder of Spark. Undefined: without Spark. */
  readonly sparkHome: string | undefined
  readonly say: (text: string) => void
}

interface Case {
  readonly files: number
  readonly cores: number
}

const ratioName = ({ files, cores }: Case): string => `files-${files}-ratio-${cores}-cores`
const peakName = (files: number): string => `files-${files}-peak-mb`

const CASES: readonly Case[] = FILES.flatMap((files) => CORES.map((cores) => ({ files, cores })))

/** Whether a name is this figure, or its beginning up to a hyphen. */
const names = (name: string, figure: string): boolean => `${figure}-`.startsWith(`${name}-`)

const figuresOf = (one: Case): readonly string[] => [ratioName(one), peakName(one.files)]

const casesOf = (only: readonly string[] | undefined): readonly Case[] =>
  CASES.filter(
    (one) =>
      only === undefined ||
      only.some((name) => figuresOf(one).some((figure) => names(name, figure))),
  )

/** Runs a contender in an empty folder. */
const runIn = ({ run }: Contender, job: Omit<Job, 'directory'>): Run => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    return run({ ...job, directory })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Throws if two contenders do not count the same. */
const checkSame = (name: string, { counts }: Run, expected: Run['counts']): void => {
  const differs = [...expected].find(([word, count]) => counts.get(word) !== count)
  if (differs === undefined && counts.size === expected.size) return
  throw new Error(
    `${name} counts ${counts.size} words, and the loop ${expected.size}. ` +
      `The loop has ${differs?.join(': ')}; ${name}: ${counts.get(differs?.[0] ?? '')}`,
  )
}

interface Measured {
  readonly contender: Contender
  readonly runs: Run[]
}

const secondsOf = ({ runs }: Measured): readonly number[] => runs.map(({ seconds }) => seconds)

/** The most memory of any run, in MB. Undefined: it is not measured. */
const peakOf = ({ runs }: Measured): number | undefined => {
  const peaks = runs.flatMap(({ peakMb }) => peakMb ?? [])
  return peaks.length === 0 ? undefined : Math.max(...peaks)
}

/** The median of the processor's seconds. Undefined: they are not measured. */
const processorOf = ({ runs }: Measured): number | undefined => {
  const found = runs.flatMap(({ processorSeconds }) => processorSeconds ?? [])
  return found.length === 0 ? undefined : median(found)
}

/** The time of the loop divided by that of the contender, for each round. */
const ratiosTo = (loop: Measured, other: Measured): readonly number[] =>
  secondsOf(other).map((seconds, round) => (secondsOf(loop)[round] ?? Number.NaN) / seconds)

const measure = (one: Case, options: FilesOptions): readonly Measured[] => {
  const { rounds = DEFAULT_ROUNDS, sizeMb = DEFAULT_MB, sparkHome, say } = options
  const text = textOf(one.files, sizeMb * MB, say)
  const all = contendersHere(sparkHome)
    .filter(({ isFor }) => isFor(one.cores))
    .map((contender): Measured => ({ contender, runs: [] }))
  let expected: Run['counts'] | undefined
  for (let round = 0; round < rounds; round++) {
    // In turn also within a round: what comes first finds another machine than what comes last.
    for (const { contender, runs } of round % 2 === 0 ? all : all.toReversed()) {
      const run = runIn(contender, { text, cores: one.cores })
      runs.push(run)
      checkSame(contender.name, run, (expected ??= run.counts))
    }
  }
  return all
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`

const titleOf = ({ files, cores }: Case): string =>
  `${counted(files, 'file')}, ${counted(cores, 'core')}`

const tableOf = (one: Case, all: readonly Measured[]): string => {
  const [loop] = all as readonly [Measured]
  const rows = all.map((measured) => [
    measured.contender.title,
    spread(secondsOf(measured), 1),
    spread(ratiosTo(loop, measured), 2),
    processorOf(measured)?.toFixed(1) ?? '',
    peakOf(measured)?.toFixed(0) ?? '',
  ])
  return table([[titleOf(one), ...COLUMNS], ...rows])
}

const COLUMNS = ['s min / median / max', 'ratio to the loop', 'processor s', 'peak MB']

const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
  bench: BENCH,
  figure: name,
  value: rounded(value),
  unit,
})

const benchHuge = ({ sizeMb = HUGE_MB, sparkHome, say }: FilesOptions): readonly Figure[] => {
  const text = textOf(1, sizeMb * MB, say)
  const [, millrace] = contendersHere(sparkHome) as readonly [Contender, Contender]
  const { seconds, peakMb = Number.NaN } = runIn(millrace, { text, cores: 2 })
  say(`one file of ${sizeMb} MB: ${seconds.toFixed(1)} s, peak ${peakMb.toFixed(0)} MB`)
  return [figure('files-huge-peak-mb', peakMb, 'MB')]
}

/** Runs the benchmark, and prints its tables. */
export const benchFiles = (options: FilesOptions): readonly Figure[] => {
  const { sizeMb = DEFAULT_MB, only, say } = options
  if (options.isHuge) return benchHuge(options)
  const cases = casesOf(only)
  if (cases.length === 0) {
    say(
      `There is no figure "${only?.join(', ')}". There are: ${CASES.flatMap(figuresOf).join(', ')}`,
    )
    process.exitCode = 2
    return []
  }
  say(`Word count of ${sizeMb} MB, with ${VOCABULARY.toLocaleString('en')} different words.`)
  const ratios: Figure[] = []
  const peaks = new Map<string, number>()
  for (const one of cases) {
    const all = measure(one, options)
    const [loop, millrace] = all as readonly [Measured, Measured]
    say(`\n${tableOf(one, all)}`)
    ratios.push(figure(ratioName(one), median(ratiosTo(loop, millrace)), 'ratio'))
    const peak = peakName(one.files)
    peaks.set(peak, Math.max(peaks.get(peak) ?? 0, peakOf(millrace) ?? Number.NaN))
  }
  return [...ratios, ...[...peaks].map(([name, peak]) => figure(name, peak, 'MB'))]
}
