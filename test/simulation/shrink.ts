import { type FaultKind, simulate, type SimulationResult } from '../../lib/testing/index.ts'

/** A failing seed with as little in it as still fails. */
export interface Shrunk {
  readonly result: SimulationResult
  /** Faults that it fails without. */
  readonly without: readonly FaultKind[]
  /** The share of the workload that it needs. */
  readonly workload: number
}

/**
 * Leaves out one fault after another, and then ever more of the work, as long as the same checker
 * finds something.
 */
export const shrink = async (failed: SimulationResult): Promise<Shrunk> => {
  const fails = async (
    without: readonly FaultKind[],
    workload: number,
  ): Promise<SimulationResult | undefined> => {
    const result = await simulate(failed.seed, { without, workload })
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

/** How to run it again. */
export const shrunkArguments = ({ result, without, workload }: Shrunk): string =>
  [
    `--seed ${result.seed}`,
    ...(without.length === 0 ? [] : [`--without ${without.join(',')}`]),
    ...(workload === 1 ? [] : [`--workload ${workload}`]),
    '--log',
  ].join(' ')
