/**
 * Queries over rows in memory, by `millrace/sql` and by DuckDB alone, and the start of a process
 * with DuckDB.
 */
import { DuckDBInstance } from '@duckdb/node-api'
import { parallelize } from 'millrace'
import { SqlSession } from 'millrace/sql'
import { deepStrictEqual } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { seededRandom } from '../../lib/base/seeded.ts'
import { type Figure, rounded, table } from '../report.ts'
import { median } from '../statistics.ts'

const BENCH = 'sql'
const ROWS = 300_000
const DEFAULT_ROUNDS = 5

interface Visit {
  readonly page: string
  readonly country: string
  readonly ms: number
}

const GROUPED =
  'select page, count(*)::double as visits, sum(ms) as ms from visits group by page order by page'
const ALL = 'select page, country, ms from visits'

const random = seededRandom(1)

const visits: readonly Visit[] = Array.from({ length: ROWS }, () => ({
  page: `/products/${Math.floor(random() * 5_000)}`,
  country: ['DE', 'FR', 'IT', 'US'][Math.floor(random() * 4)] as string,
  ms: random() * 1_000,
}))

type Rows = readonly Readonly<Record<string, unknown>>[]

const ours = async (query: string, asColumns = false): Promise<unknown> => {
  const rdd = parallelize(visits as Visit[])
  rdd.toDF({ page: 'text', country: 'text', ms: 'number' }).createOrReplaceTempView('visits')
  const frame = SqlSession.of(rdd).sql(query)
  return asColumns ? frame.collectColumns() : frame.collect()
}

/** As the documentation of the library shows it: an appender, row by row, and objects. */
const alone = async (query: string): Promise<Rows> => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run('create table visits (page varchar, country varchar, ms double)')
  const appender = await connection.createAppender('visits')
  for (const { page, country, ms } of visits) {
    appender.appendVarchar(page)
    appender.appendVarchar(country)
    appender.appendDouble(ms)
    appender.endRow()
  }
  appender.closeSync()
  const rows = (await connection.runAndReadAll(query)).getRowObjectsJS()
  connection.closeSync()
  instance.closeSync()
  return rows
}

/** What plain JavaScript takes for the same groups. */
const byHand = (): Rows => {
  const pages = new Map<string, { page: string; visits: number; ms: number }>()
  for (const { page, ms } of visits) {
    const group = pages.get(page) ?? { page, visits: 0, ms: 0 }
    group.visits += 1
    group.ms += ms
    pages.set(page, group)
  }
  return [...pages.values()].toSorted((a, b) => (a.page < b.page ? -1 : 1))
}

const CONTENDERS: Readonly<Record<string, () => unknown>> = {
  'groups, millrace/sql': () => ours(GROUPED),
  'groups, DuckDB alone': () => alone(GROUPED),
  'groups, a Map by hand': byHand,
  'all rows, millrace/sql': () => ours(ALL),
  'all columns, millrace/sql': () => ours(ALL, true),
  'all rows, DuckDB alone': () => alone(ALL),
}

/** Of each contender beside DuckDB alone. Above 1: it is faster. */
const RATIOS = [
  ['groups-ratio', 'groups, millrace/sql', 'groups, DuckDB alone'],
  ['rows-ratio', 'all rows, millrace/sql', 'all rows, DuckDB alone'],
  ['columns-ratio', 'all columns, millrace/sql', 'all rows, millrace/sql'],
] as const

const START = `
  if (process.argv[1] === 'sql') {
    const { DuckDBInstance } = require('@duckdb/node-api')
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
    await (await instance.connect()).run('select 1')
  }`

/** How long a process takes from its start to its end. */
const processMs = (what: 'sql' | 'nothing'): number => {
  const startMs = performance.now()
  const { status, stderr } = spawnSync(process.execPath, [
    '--eval',
    `(async () => {${START}})()`,
    what,
  ])
  if (status !== 0) throw new Error(`The process ended with ${status}: ${String(stderr)}`)
  return performance.now() - startMs
}

/** Measures, says a table, and returns the figures. */
export const benchSql = async ({
  rounds = DEFAULT_ROUNDS,
  say,
}: {
  /** Rounds of each figure. Default 5. */
  readonly rounds: number | undefined
  readonly say: (text: string) => void
}): Promise<readonly Figure[]> => {
  deepStrictEqual(await ours(GROUPED), await alone(GROUPED))
  deepStrictEqual(await ours(ALL), await alone(ALL))
  const taken = new Map<string, number[]>()
  const keep = (name: string, ms: number): void => void taken.set(name, [...msOf(name), ms])
  const msOf = (name: string): readonly number[] => taken.get(name) ?? []
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(CONTENDERS)) {
      const startMs = performance.now()
      await run()
      keep(name, performance.now() - startMs)
    }
    for (const what of ['nothing', 'sql'] as const) keep(`a process with ${what}`, processMs(what))
  }
  const ratioOf = (name: string, beside: string): number =>
    median(msOf(name).map((ms, round) => (msOf(beside)[round] ?? Number.NaN) / ms))
  say(
    table([
      [`${ROWS.toLocaleString('en')} rows in memory`, 'ms'],
      ...[...taken].map(([name, all]) => [name, median(all).toFixed(0)]),
    ]),
  )
  const start = ratioOf('a process with nothing', 'a process with sql')
  const ratios = RATIOS.map(([figure, name, beside]) => [figure, ratioOf(name, beside)] as const)
  return [...ratios, ['start-ratio', start] as const].map(([figure, value]) => ({
    bench: BENCH,
    figure,
    value: rounded(value),
    unit: 'ratio',
  }))
}
