/**
 * Measures what a watched directory costs a batch, and what `--once` costs over many small files.
 * The listing of a batch is compared with one that reads all names and asks for each file.
 */
import { spawnSync } from 'node:child_process'
import type { Dirent, Stats } from 'node:fs'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DirectoryListing } from '../lib/adapters/local/directory-listing.ts'
import { mapAtOnce } from '../lib/base/concurrency.ts'
import { type Figure, rounded, table } from './report.ts'
import { median, spread } from './statistics.ts'

const SIZES = [1_000, 10_000, 100_000]
const ONCE_SIZES = [10_000, 40_000]
const NEW_FILES = 10
const STATS_AT_ONCE = 256
/** A directory that changed this long ago does not change any more. */
const QUIET_MS = 2_500
const root = join(import.meta.dirname, '..')

/** Makes files that have stayed the same for an hour. */
const fill = (directory: string, names: readonly string[]): void => {
  const time = new Date(Date.now() - 3_600_000)
  for (const name of names) {
    writeFileSync(join(directory, name), `mill race ${name}\n`)
    utimesSync(join(directory, name), time, time)
  }
}

const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${String(index).padStart(6, '0')}.txt`)

const inTemporary = async <T>(act: (directory: string) => Promise<T>): Promise<T> => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    return await act(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Milliseconds of the processor that this process takes for it. */
const processorMs = async (act: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

interface Listed {
  readonly files: number
  /** Files whose status one listing reads. */
  readonly quietStats: number
  readonly newStats: number
  /** Processor time of a listing, to that of one that asks for all files. */
  readonly quiet: readonly number[]
  readonly withNew: readonly number[]
}

const listings = (files: number, rounds: number): Promise<Listed> =>
  inTemporary(async (directory) => {
    fill(directory, namesOf(files))
    let stats = 0
    const statusOf = (entry: Dirent): Promise<Stats> => {
      stats += 1
      return lstat(join(directory, entry.name))
    }
    const listing = new DirectoryListing({
      path: directory,
      isWatched: () => true,
      statusOf,
      failed: (error) => {
        throw error
      },
      stability: { forMs: 1_000 },
    })
    const bare = async (): Promise<void> => {
      const names = await readdir(directory)
      await mapAtOnce(names, STATS_AT_ONCE, (name) => lstat(join(directory, name)))
    }
    const counted = async (): Promise<readonly [ms: number, stats: number]> => {
      const before = stats
      return [await processorMs(() => listing.list()), stats - before]
    }
    await listing.list()
    await bare()
    const found: (readonly [bareMs: number, quietMs: number, newMs: number])[] = []
    let [quietStats, newStats] = [0, 0]
    for (let round = 0; round < rounds; round++) {
      await sleep(QUIET_MS)
      const bareMs = await processorMs(bare)
      // The first one sees that nothing has changed for long.
      await listing.list()
      const quiet = await counted()
      fill(
        directory,
        namesOf(NEW_FILES).map((name) => `new-${round}-${name}`),
      )
      const withNew = await counted()
      found.push([bareMs, quiet[0], withNew[0]])
      quietStats = Math.max(quietStats, quiet[1])
      newStats = Math.max(newStats, withNew[1])
    }
    return {
      files,
      quietStats,
      newStats,
      quiet: found.map(([bareMs, quietMs]) => quietMs / bareMs),
      withNew: found.map(([bareMs, , newMs]) => newMs / bareMs),
    }
  })

const MODULE = `import { seconds, stream } from 'millrace'
export default stream('files', { batchInterval: seconds(1) }, (ssc) => {
  ssc.textFileStream('lines', { existing: 'all' }).count().print()
})
`

/** A module that writes what the process took of the processor, when it ends. */
const AT_EXIT = `data:text/javascript,${encodeURIComponent(`process.on('exit', () => {
  const { user, system } = process.cpuUsage()
  process.stderr.write('processor ' + (user + system) / 1_000 + '\\n')
})`)}`

/** Milliseconds of the processor that `millrace run --once` takes over this many small files. */
const once = (files: number): Promise<number> =>
  inTemporary(async (directory) => {
    mkdirSync(join(directory, 'in'))
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(root, join(directory, 'node_modules', 'millrace'))
    fill(join(directory, 'in'), namesOf(files))
    const module = join(directory, 'files.mts')
    writeFileSync(module, MODULE)
    const flags = ['--conditions=millrace-source', '--import', AT_EXIT]
    const command = [join(root, 'cli', 'main.ts'), 'run', module, '--once']
    const { stderr, status } = spawnSync(
      process.execPath,
      [...flags, ...command, '--bind', 'lines=in'],
      { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28 },
    )
    const ms = Number(/processor ([\d.]+)/.exec(stderr)?.[1])
    if (status !== 0 || Number.isNaN(ms)) throw new Error(`the run went wrong:\n${stderr}`)
    return ms
  })

/** Runs the benchmark, and prints its tables. */
export const benchDirectory = async ({
  batches: rounds,
  say,
}: {
  readonly batches: number
  readonly say: (text: string) => void
}): Promise<readonly Figure[]> => {
  const rows: Listed[] = []
  for (const files of SIZES) rows.push(await listings(files, rounds))
  say(
    table([
      ['files', 'quiet: files asked', 'to bare', `${NEW_FILES} new: files asked`, 'to bare'],
      ...rows.map((row) => [
        String(row.files),
        String(row.quietStats),
        spread(row.quiet, 2),
        String(row.newStats),
        spread(row.withNew, 2),
      ]),
    ]),
  )
  const times: number[] = []
  for (const files of ONCE_SIZES) times.push(await once(files))
  const [small = Number.NaN, large = Number.NaN] = times
  say(`--once, processor: ${ONCE_SIZES.join(' and ')} files, ${(large / small).toFixed(1)} times`)
  const figure = (name: string, value: number, unit: Figure['unit']): Figure => ({
    bench: 'directory',
    figure: name,
    value: rounded(value),
    unit,
  })
  return [
    ...rows.flatMap((row) => [
      figure(`quiet-stats-${row.files}`, row.quietStats, 'count'),
      figure(`quiet-ratio-${row.files}`, median(row.quiet), 'ratio'),
      figure(`new-stats-${row.files}`, row.newStats, 'count'),
      figure(`new-ratio-${row.files}`, median(row.withNew), 'ratio'),
    ]),
    ...ONCE_SIZES.map((files, index) => figure(`once-${files}`, times[index] ?? 0, 'ms')),
    figure('once-ratio', large / small, 'ratio'),
  ]
}
