import { isDeepStrictEqual } from 'node:util'
import {
  faultKinds,
  recoveryPaths,
  simulate,
  type SimulateOptions,
  type SimulationResult,
} from '../../lib/testing/index.ts'

/** Neighbouring seeds. */
export interface SeedRange extends Pick<SimulateOptions, 'pipeline'> {
  readonly from: number
  readonly count: number
}

/** The results of some seeds. */
export interface Summary {
  readonly seeds: number
  readonly batches: number
  readonly records: number
  /** The results of failed seeds, without their traces. */
  readonly failures: readonly SimulationResult[]
  /** How often each fault struck, each recovery took place, and each pipeline was drawn. */
  readonly sightings: Readonly<Record<string, number>>
}

/** One of this many seeds runs twice. */
const TWICE_EVERY = 10

/** Runs a seed. One in ten runs twice, and its traces must be equal. */
export const runSeed = async (
  seed: number,
  options: Pick<SimulateOptions, 'pipeline'> = {},
): Promise<SimulationResult> => {
  if (seed % TWICE_EVERY !== 0) return simulate(seed, options)
  const traced = { ...options, trace: true }
  const [first, second] = [await simulate(seed, traced), await simulate(seed, traced)]
  if (first.violation !== undefined || isDeepStrictEqual(first, second))
    return { ...first, trace: [] }
  const line = first.trace.findIndex((text, index) => text !== second.trace[index])
  const what = `line ${line} is ${first.trace[line]} and then ${second.trace[line]}`
  return { ...first, trace: [], violation: { checker: 'reproducible', what } }
}

/** Runs seeds one after another. */
export const runSeeds = async ({ from, count, ...options }: SeedRange): Promise<Summary> => {
  const failures: SimulationResult[] = []
  const sightings: Record<string, number> = {}
  const see = (what: string, times: number): void =>
    void (sightings[what] = (sightings[what] ?? 0) + times)
  let batches = 0
  let records = 0
  for (let seed = from; seed < from + count; seed++) {
    const result = await runSeed(seed, options)
    batches += result.batches
    records += result.records
    see(`pipeline ${result.pipeline}`, 1)
    for (const [what, times] of Object.entries(result.sightings)) see(what, times)
    if (result.violation !== undefined) failures.push(result)
  }
  return { seeds: count, batches, records, failures, sightings }
}

/** Adds up summaries. */
export const sumOf = (summaries: readonly Summary[]): Summary => {
  const sightings: Record<string, number> = {}
  for (const summary of summaries)
    for (const [what, times] of Object.entries(summary.sightings))
      sightings[what] = (sightings[what] ?? 0) + times
  const total = (field: 'seeds' | 'batches' | 'records'): number =>
    summaries.reduce((sum, summary) => sum + summary[field], 0)
  return {
    seeds: total('seeds'),
    batches: total('batches'),
    records: total('records'),
    failures: summaries.flatMap(({ failures }) => failures).toSorted((a, b) => a.seed - b.seed),
    sightings,
  }
}

/** Everything that a long run must see, with the number of times. */
export const sightingRows = ({
  sightings,
}: Summary): readonly (readonly [what: string, times: number])[] => {
  const drawn = Object.keys(sightings).filter((what) => what.startsWith('pipeline '))
  return [...faultKinds, ...recoveryPaths, ...drawn.toSorted()].map(
    (what) => [what, sightings[what] ?? 0] as const,
  )
}

/** The faults, recoveries and pipelines that were never seen. */
export const neverSeen = (summary: Summary): readonly string[] =>
  sightingRows(summary).flatMap(([what, times]) => (times === 0 ? [what] : []))
