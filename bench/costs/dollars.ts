/**
 * Dollars for a million records, next to the naive way. Records have 200 bytes, the state has
 * 10,000 keys, and all of it is written to a bucket every minute.
 */
import { table } from '../report.ts'
import { type CostProgram, type Measured, short } from './figure.ts'
import { dollarsOfLoad, type Load, measureLoad } from './load.ts'
import { naiveDollars } from './naive.ts'

/** A shard takes 1,000 records a second, so each rate has the shards that can carry it. */
const SHARDS: readonly (readonly [recordsPerS: number, shards: readonly number[]])[] = [
  [100, [1, 10]],
  [1_000, [1, 10, 100]],
  [10_000, [10, 100, 1_000]],
  [100_000, [100, 1_000]],
]
const INTERVALS_S = [1, 10]

const LOADS: readonly Load[] = INTERVALS_S.flatMap((intervalS) =>
  SHARDS.flatMap(([recordsPerS, all]) => all.map((shards) => ({ recordsPerS, intervalS, shards }))),
)

const dollars = (value: number): string => value.toFixed(4)

/** Measures all loads, and formats them as a table. */
export const dollarTable = async (): Promise<string> => {
  const rows: string[][] = []
  for (const load of LOADS) {
    const { dollars: found, simulated } = await dollarsOfLoad(load)
    const naive = await naiveDollars(load)
    rows.push([
      `T = ${load.intervalS} s, ${short(load.recordsPerS)}/s`,
      short(load.shards),
      dollars(found.intake),
      dollars(found.driver),
      dollars(found.total),
      dollars(naive),
      `${short(naive / found.total)} x`,
      simulated,
    ])
  }
  return table([
    [
      '$ per million',
      'shards',
      'intake',
      'driver',
      'together',
      'naive',
      'naive to it',
      'simulated',
    ],
    ...rows,
  ])
}

/** The figure of a usual load. */
export const usualLoad: CostProgram = {
  figures: [
    {
      name: 'dollars-per-million-1k-10s',
      what: '$ per million records, 1,000 a second, T = 10 s, one shard, results every minute',
      unit: '$',
      target: 0.006,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const found = await measureLoad({ recordsPerS: 1_000, intervalS: 10, shards: 1 }, 18)
    const parts = `intake ${dollars(found.intake)}, driver ${dollars(found.driver)}`
    return [{ value: found.total, note: parts }]
  },
}

/** Records a second of each shard: 100 in a batch. */
const PER_SHARD = 10
const MANY = 1_000

/** The figure of many shards. All of them are simulated. */
export const manyShardsCost: CostProgram = {
  figures: [
    {
      name: 'shards-1000-cost-ratio',
      what: '$ per million records with 1,000 shards to that with one, each with 10 records/s',
      unit: 'ratio',
      target: 1.3,
    },
  ],
  async measure(): Promise<readonly Measured[]> {
    const one = await measureLoad({ recordsPerS: PER_SHARD, intervalS: 10, shards: 1 }, 18)
    const load = { recordsPerS: PER_SHARD * MANY, intervalS: 10, shards: MANY }
    const many = await measureLoad(load, 2)
    const parts = (found: typeof one): string =>
      `intake ${dollars(found.intake)} and driver ${dollars(found.driver)}`
    return [
      {
        value: many.total / one.total,
        note:
          `one shard: ${parts(one)}; ${short(MANY)}: ${parts(many)}; ` +
          `of intake alone: ${short(many.intake / one.intake)}`,
      },
    ]
  },
}
