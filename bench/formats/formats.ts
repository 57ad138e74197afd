/** Compares formats with the libraries that they are made of. */
import { collectGarbage } from '../measure.ts'
import { type Figure, rounded, table } from '../report.ts'
import { median } from '../statistics.ts'
import { type Contest, contests } from './contenders.ts'
import { salesOf, type See } from './sales.ts'

const BENCH = 'formats'
const ROWS_DEFAULT = 100_000
const ROW_BYTES = 80
const MEGABYTE = 1_000_000

/** How formats are measured. */
export interface FormatsOptions {
  /** Measured rounds. */
  readonly batches: number
  /** The size of the JSON in megabytes. Default: 100,000 rows. */
  readonly sizeMb: number | undefined
  /** Names, or parts of them, of what is measured. Undefined: all. */
  readonly only: readonly string[] | undefined
  readonly say: (text: string) => void
}

const HEADER = `\
A table of sales (a text, a text of four, a number, a text with quotes) in each format, in memory.
The library alone and ours take turns, in one process. "ours" reads parts of 4 MiB as the runtime
does, with the step that makes elements. The medians of the rounds' ratios are shown, by the clock
and by the processor's time of the thread, which other programs change less: above 1, ours is
faster. JSON alone is JSON.parse of each line, and JSON.stringify. Both give the same rows, which is
checked.
Not measured: reading of files, decompression of whole files, bad rows, operators after it.
Megabytes are those of the file, and depend on this machine and its load.`

interface Measured {
  readonly name: string
  readonly aloneMbs: number
  readonly oursMbs: number
  readonly clockRatio: number
  readonly ratio: number
}

type Run = Contest['alone']

interface Took {
  readonly ms: number
  readonly processorMs: number
}

const time = async (run: Run, sees: number): Promise<Took> => {
  collectGarbage()
  let seen = 0
  const before = process.threadCpuUsage()
  const startMs = performance.now()
  await run(() => {
    seen += 1
  })
  const ms = performance.now() - startMs
  const { user, system } = process.threadCpuUsage(before)
  if (seen !== sees) throw new Error(`${seen} rows, not ${sees}`)
  return { ms, processorMs: (user + system) / 1_000 }
}

const rowsOf = async (run: Run, { rowsIn }: Contest): Promise<string> => {
  const seen: unknown[] = []
  const see: See = (row) => seen.push(row)
  await run(see)
  return JSON.stringify((await rowsIn?.(seen)) ?? seen)
}

const CHECKED_ROWS = 2_500

/** Throws for a contest in which the two do not do the same. */
const check = async (): Promise<void> => {
  for (const contest of await contests(salesOf(CHECKED_ROWS))) {
    const { name, alone, ours } = contest
    if ((await rowsOf(alone, contest)) !== (await rowsOf(ours, contest)))
      throw new Error(`${name}: the two do not have the same rows`)
  }
}

const measure = async (contest: Contest, rounds: number): Promise<Measured> => {
  const { sees } = contest
  await time(contest.alone, sees)
  await time(contest.ours, sees)
  const times: { readonly alone: Took; readonly ours: Took }[] = []
  for (let round = 0; round < rounds; round++) {
    const alone = await time(contest.alone, sees)
    times.push({ alone, ours: await time(contest.ours, sees) })
  }
  const mbs = (ms: number): number => contest.bytes / MEGABYTE / (ms / 1_000)
  return {
    name: contest.name,
    aloneMbs: mbs(median(times.map(({ alone }) => alone.ms))),
    oursMbs: mbs(median(times.map(({ ours }) => ours.ms))),
    clockRatio: median(times.map(({ alone, ours }) => alone.ms / ours.ms)),
    ratio: median(times.map(({ alone, ours }) => alone.processorMs / ours.processorMs)),
  }
}

/** Runs the benchmark, and gives a ratio for each format. */
export const benchFormats = async ({
  batches,
  sizeMb,
  only,
  say,
}: FormatsOptions): Promise<readonly Figure[]> => {
  say(HEADER)
  const count = sizeMb === undefined ? ROWS_DEFAULT : Math.ceil((sizeMb * MEGABYTE) / ROW_BYTES)
  const all = await contests(salesOf(count))
  const chosen = all.filter(({ name }) => only?.some((part) => name.includes(part)) ?? true)
  const measured: Measured[] = []
  await check()
  for (const contest of chosen) measured.push(await measure(contest, batches))
  say(
    table([
      ['', 'alone, MB/s', 'ours, MB/s', 'ratio, clock', 'ratio, processor'],
      ...measured.map(({ name, aloneMbs, oursMbs, clockRatio, ratio }) => [
        name,
        aloneMbs.toFixed(1),
        oursMbs.toFixed(1),
        clockRatio.toFixed(2),
        ratio.toFixed(2),
      ]),
    ]),
  )
  return measured.map(({ name, ratio }) => ({
    bench: BENCH,
    figure: name,
    value: rounded(ratio),
    unit: 'ratio',
  }))
}
