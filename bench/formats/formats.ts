/** Compares formats with the libraries that they are made of. */
import { type Figure, rounded, table } from '../report.ts'
import { median } from '../statistics.ts'
import { type Contest, contests, salesOf } from './contenders.ts'

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
does, with the step that makes elements. The median of the rounds' ratios is shown: above 1, ours is
faster. CSV alone has no types. JSON alone is JSON.parse of each line, and JSON.stringify.
Not measured: reading of files, decompression of whole files, bad rows, operators after it.
Megabytes are those of the file, and depend on this machine and its load.`

interface Measured {
  readonly name: string
  readonly aloneMbs: number
  readonly oursMbs: number
  readonly ratio: number
}

const timeMs = async (run: () => Promise<number> | number, rows: number): Promise<number> => {
  globalThis.gc?.()
  const startMs = performance.now()
  const found = await run()
  const tookMs = performance.now() - startMs
  if (found !== rows) throw new Error(`${found} rows, not ${rows}`)
  return tookMs
}

const measure = async (contest: Contest, rows: number, rounds: number): Promise<Measured> => {
  await timeMs(contest.alone, rows)
  await timeMs(contest.ours, rows)
  const times: (readonly [aloneMs: number, oursMs: number])[] = []
  for (let round = 0; round < rounds; round++) {
    const aloneMs = await timeMs(contest.alone, rows)
    times.push([aloneMs, await timeMs(contest.ours, rows)])
  }
  const mbs = (ms: number): number => contest.bytes / MEGABYTE / (ms / 1_000)
  return {
    name: contest.name,
    aloneMbs: mbs(median(times.map(([alone]) => alone))),
    oursMbs: mbs(median(times.map(([, ours]) => ours))),
    ratio: median(times.map(([alone, ours]) => alone / ours)),
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
  for (const contest of chosen) measured.push(await measure(contest, count, batches))
  say(
    table([
      ['', 'alone, MB/s', 'ours, MB/s', 'ratio'],
      ...measured.map(({ name, aloneMbs, oursMbs, ratio }) => [
        name,
        aloneMbs.toFixed(1),
        oursMbs.toFixed(1),
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
