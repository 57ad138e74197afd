import {
  type FaultKind,
  simulate,
  type SimulateOptions,
  type SimulationResult,
} from '../../lib/testing/index.ts'

/** A failing seed with as few faults and as little work as still fail. */
export interface Shrunk {
  readonly result: SimulationResult
  /** The faults that it does not need to fail. */
  readonly without: readonly FaultKind[]
  /** The share of the workload that it needs. */
  readonly workload: number
}

/**
 * Leaves out one fault after another, and then more and more of the work, as long as the same
 * checker finds a violation.
 */
export const shrink = async (failed: SimulationResult): Promise<Shrunk> => {
  const fails = async (
    without: readonly FaultKind[],
    workload: number,
  ): Promise<SimulationResult | undefined> => {
    const { seed, pipeline } = failed
    const result = await simulate(seed, { without, workload, pipeline })
    return result.violation?.checker === failed.violation?.checker ? result : undefined
  }
  let smallest: Shrunk = { result: failed, without: [], workload: 1 }
  for (const kind of failed.faults) {
    const without = [...smallest.without, kind]
    const result = await fails(without, 1)
    if (result !== undefined) smallest = { result, without, workload: 1 }
  }
  for (const workload of [0.5, 0.25, 0.12]) {
    const result = await fails(smallest.without, workload)
    if (result !== undefined) smallest = { ...smallest, result, workload }
  }
  return smallest
}

/** The arguments that run it again. `pipeline`: if the seed did not draw it itself. */
export const shrunkArguments = (
  { result, without, workload }: Shrunk,
  { pipeline }: Pick<SimulateOptions, 'pipeline'> = {},
): string =>
  [
    `--seed ${result.seed}`,
    ...(pipeline === undefined ? [] : [`--pipeline ${pipeline}`]),
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
    ...(workload === 1 ? [] : [`--workload ${workload}`]),
    '--log',
  ].join(' ')
