/** What the deployment tells the driver. `environment.ts` documents all variables. */
import type { Location } from '../lib/runtime/locations.ts'
import { deployedOutputForms, parseDeployedOutput } from '../lib/runtime/sinks/deployed.ts'
import {
  type Environment,
  locationsIn,
  readEnvironment,
  textsIn,
  type Variables,
  wholeNumberIn,
} from './environment.ts'

/** The values of the variables. */
export interface DriverEnvironment extends Environment {
  /** By the name of the output in the pipeline. */
  readonly outputs: ReadonlyMap<string, Location>
  readonly generation: number
  readonly timeoutMs: number
  /** The names of the executor functions. Empty: there are none. */
  readonly executors: readonly string[]
  /** How many tasks run at the same time, one of them in the main thread. */
  readonly parallelism: number
}

/**
 * Reads the variables of the driver.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a variable that is missing or malformed.
 */
export const readDriverEnvironment = (variables: Variables): DriverEnvironment => ({
  ...readEnvironment(variables),
  outputs: locationsIn(variables, 'MILLRACE_OUTPUTS', parseDeployedOutput, deployedOutputForms),
  generation: wholeNumberIn(variables, 'MILLRACE_GENERATION'),
  timeoutMs: wholeNumberIn(variables, 'MILLRACE_TIMEOUT_S') * 1_000,
  executors: textsIn(variables, 'MILLRACE_EXECUTORS'),
  parallelism:
    variables['MILLRACE_PARALLELISM'] === undefined
      ? 1
      : wholeNumberIn(variables, 'MILLRACE_PARALLELISM'),
})
