/** The programs that count the words of a directory in the benchmark `files`. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const OUTPUT_BYTES_MAX = 1 << 28
const SOURCES = '--conditions=millrace-source'
/** So that a start from the sources costs what one of the built package does. */
const COMPILE_CACHE = join(tmpdir(), 'millrace-bench-files', 'compile-cache')

/** What one run took. */
export interface Run {
  readonly seconds: number
  /** Seconds of the processor, by all threads. Undefined: not measured. */
  readonly processorSeconds?: number
  /** The most memory that the process had at a time. Undefined: not measured. */
  readonly peakMb?: number
  /** Each word with its count, to compare the contenders. */
  readonly counts: ReadonlyMap<string, number>
}

/** What a program is to count. */
export interface Job {
  /** The directory of the text. */
  readonly text: string
  /** An empty directory for what the program writes. */
  readonly directory: string
  readonly cores: number
}

export interface Contender {
  readonly name: string
  readonly title: string
  /** Runs that are not for this number of cores are left out. */
  readonly isFor: (cores: number) => boolean
  readonly run: (job: Job) => Run
}

/** A module that writes what its process took of the processor and of memory, when it ends. */
const AT_EXIT = `data:text/javascript,${encodeURIComponent(`
import { isMainThread } from 'node:worker_threads'
if (isMainThread) process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  const processor = (userCPUTime + systemCPUTime) / 1e6
  process.stderr.write('\\npeak ' + maxRSS / 1_000 + '\\nprocessor ' + processor + '\\n')
})`)}`

/** Whether a program is installed. */
const isInstalled = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

const hasTaskset = isInstalled('taskset')

/** The start of a command that may use this many cores: all of the process, on Linux. */
const onCores = (cores: number): readonly string[] =>
  hasTaskset ? ['taskset', '-c', cores === 1 ? '0' : `0-${cores - 1}`] : []

interface Ended {
  readonly seconds: number
  readonly output: string
}

const runOnCores = (
  cores: number,
  command: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Ended => {
  const [program = '', ...rest] = [...onCores(cores), ...command]
  const startMs = performance.now()
  const { status, signal, stdout, stderr } = spawnSync(program, rest, {
    cwd: options.cwd,
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...options.env },
    encoding: 'utf8',
    maxBuffer: OUTPUT_BYTES_MAX,
  })
  const seconds = (performance.now() - startMs) / 1_000
  const output = `${stdout}${stderr}`
  if (status === 0) return { seconds, output }
  throw new Error(`${command.join(' ')} ended with ${signal ?? status}:\n${output.slice(-2_000)}`)
}

const numberAfter = (word: string, output: string): number =>
  Number(new RegExp(`^${word} ([\\d.]+)$`, 'm').exec(output)?.[1] ?? Number.NaN)

/** What the module {@link AT_EXIT} says, or the program itself. */
const taken = (output: string): Pick<Run, 'peakMb' | 'processorSeconds'> => {
  const peakMb = numberAfter('peak', output)
  const processorSeconds = numberAfter('processor', output)
  return { processorSeconds, ...(Number.isNaN(peakMb) ? {} : { peakMb }) }
}

/** Adds up the counts of all files below, for example of the parts of several batches. */
const countsBelow = (directory: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !/^(part-\d+$|counts\.txt)/.test(entry.name)) continue
    for (const line of readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n')) {
      if (line === '') continue
      const [word = '', count] = line.split(' ')
      counts.set(word, (counts.get(word) ?? 0) + Number(count))
    }
  }
  return counts
}

const runLoop = ({ text, directory, cores }: Job): Run => {
  const output = join(directory, 'counts.txt')
  const { seconds, output: said } = runOnCores(
    cores,
    [process.execPath, '--import', AT_EXIT, join(import.meta.dirname, 'loop.ts'), text, output],
    { cwd: directory },
  )
  return { seconds, ...taken(said), counts: countsBelow(directory) }
}

const runMillrace = ({ text, directory, cores }: Job): Run => {
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(root, join(directory, 'node_modules', 'millrace'))
  const bound = ['--bind', `text=${text}`, '--bind', `counts=${join(directory, 'out')}`]
  const { seconds, output } = runOnCores(
    cores,
    [
      process.execPath,
      '--import',
      AT_EXIT,
      SOURCES,
      join(root, 'cli', 'main.ts'),
      'run',
      join(import.meta.dirname, 'word-count.ts'),
      '--once',
      ...bound,
      '--state',
      join(directory, 'state'),
    ],
    { cwd: directory },
  )
  return { seconds, ...taken(output), counts: countsBelow(directory) }
}

/** The shell gives mawk the names of all files, and sorts as the others do. */
const MAWK =
  "mawk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print w, n[w] }' *.txt " +
  '| LC_ALL=C sort > "$BENCH_OUTPUT"'

const runMawk = ({ text, directory, cores }: Job): Run => {
  const { seconds } = runOnCores(cores, ['sh', '-c', MAWK], {
    cwd: text,
    env: { BENCH_OUTPUT: join(directory, 'counts.txt') },
  })
  return { seconds, counts: countsBelow(directory) }
}

const runSpark = (home: string, { text, directory, cores }: Job): Run => {
  const { output } = runOnCores(
    cores,
    [
      join(home, 'bin', 'spark-shell'),
      '--master',
      `local[${cores}]`,
      '--driver-memory',
      '4g',
      '--conf',
      'spark.ui.enabled=false',
      '-i',
      join(import.meta.dirname, 'word-count.scala'),
    ],
    {
      cwd: directory,
      env: { SPARK_HOME: home, BENCH_INPUT: text, BENCH_OUTPUT: join(directory, 'out') },
    },
  )
  return {
    seconds: numberAfter('job', output),
    ...taken(output),
    counts: countsBelow(directory),
  }
}

const always = (): boolean => true

/** All contenders that this machine has. The first one is the loop. */
export const contendersHere = (sparkHome: string | undefined): readonly Contender[] => [
  { name: 'loop', title: 'loop by hand', isFor: always, run: runLoop },
  { name: 'millrace', title: 'millrace run --once', isFor: always, run: runMillrace },
  ...(isInstalled('mawk')
    ? [{ name: 'mawk', title: 'mawk | sort', isFor: (cores: number) => cores === 1, run: runMawk }]
    : []),
  ...(sparkHome === undefined
    ? []
    : [
        {
          name: 'spark',
          title: 'Spark, without its start',
          isFor: (cores: number) => cores > 1,
          run: (job: Job) => runSpark(sparkHome, job),
        },
      ]),
]
