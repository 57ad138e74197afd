/**
 * Delay, processor, calls and dollars from 1 to 1,000 shards, in virtual time: the real functions
 * over services in memory that take the time of a stated model. See README.md.
 */
import { type Figure, table } from '../report.ts'
import { type Case, runCase } from './case.ts'
import {
  figuresOf,
  FULL_SHARD_RECORDS,
  moneyRows,
  nameOf,
  type Summary,
  summaryOf,
  timeRows,
} from './summary.ts'

const PART_RECORDS = 100

type Load = Omit<Case, 'executors' | 'keys' | 'atIntake'>

/** More records are more work for each second, so they get fewer of them. */
const SMALL: readonly Load[] = [
  { shards: 1, recordsPerS: PART_RECORDS, warmUpS: 60, measuredS: 180 },
  { shards: 10, recordsPerS: PART_RECORDS, warmUpS: 60, measuredS: 180 },
  { shards: 100, recordsPerS: PART_RECORDS, warmUpS: 30, measuredS: 60 },
  { shards: 1, recordsPerS: FULL_SHARD_RECORDS, warmUpS: 60, measuredS: 120 },
  { shards: 10, recordsPerS: FULL_SHARD_RECORDS, warmUpS: 30, measuredS: 60 },
]
const LARGE: readonly Load[] = [
  { shards: 1_000, recordsPerS: PART_RECORDS, warmUpS: 20, measuredS: 30 },
  { shards: 100, recordsPerS: FULL_SHARD_RECORDS, warmUpS: 20, measuredS: 30 },
]

/**
 * Batches of the small loads have less than 16 MiB. They are computed in the driver, whether it has
 * executors or not.
 */
const CASES: readonly Case[] = [
  ...SMALL.map((load) => ({ ...load, executors: 0 })),
  ...LARGE.flatMap((load) => [0, 4, 16].map((executors) => ({ ...load, executors }))),
  ...[...SMALL, ...LARGE].flatMap((load) =>
    [false, true].map((atIntake) => ({ ...load, executors: 0, keys: 'groups' as const, atIntake })),
  ),
]

const shownIn = (all: readonly Summary[]): string =>
  `${table(timeRows(all))}\n\n${table(moneyRows(all))}`

/**
 * Runs the benchmark, and prints its tables. `only`: names of cases, as figures begin.
 *
 * @throws Error when the counted words are not those of the committed records.
 */
export const benchScaling = async (
  {
    say,
    only,
  }: { readonly say: (text: string) => void; readonly only: readonly string[] | undefined },
  cases: readonly Case[] = CASES,
): Promise<readonly Figure[]> => {
  const summaries: Summary[] = []
  const wanted = cases.filter(
    (one) => only === undefined || only.some((name) => nameOf(one).startsWith(name)),
  )
  for (const one of wanted) {
    const measured = await runCase(one, globalThis.gc as (() => void) | undefined)
    const { counted, expected } = measured.words
    if (counted !== expected)
      throw new Error(`${nameOf(one)} counted ${counted} words instead of ${expected}`)
    const refused = measured.failedCalls
    if (refused > 0) say(`${nameOf(one)}: ${refused} calls of intake were refused`)
    summaries.push(summaryOf(measured))
    say(`${nameOf(one)}: ${measured.batches.length} batches`)
  }
  for (const rate of new Set(summaries.map(({ of }) => of.recordsPerS)))
    say(`\n${shownIn(summaries.filter(({ of }) => of.recordsPerS === rate))}`)
  return summaries.flatMap(figuresOf)
}
