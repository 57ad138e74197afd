/** What the deployment tells an executor. `environment.ts` documents all variables. */
import type { Location } from '../lib/runtime/locations.ts'
import { deployedOutputForms, parseDeployedOutput } from '../lib/runtime/sinks/deployed.ts'
import {
  type CommonEnvironment,
  locationsIn,
  readCommonEnvironment,
  type Variables,
  wholeNumberIn,
} from './environment.ts'

/** The values of the variables. */
export interface ExecutorEnvironment extends CommonEnvironment {
  /** By the name of the output in the pipeline. */
  readonly outputs: ReadonlyMap<string, Location>
  /** It answers only drivers of this number. */
  readonly generation: number
}

/**
 * Reads the variables of an executor.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a variable that is missing or malformed.
 */
export const readExecutorEnvironment = (variables: Variables): ExecutorEnvironment => ({
  ...readCommonEnvironment(variables),
  outputs: locationsIn(variables, 'MILLRACE_OUTPUTS', parseDeployedOutput, deployedOutputForms),
  generation: wholeNumberIn(variables, 'MILLRACE_GENERATION'),
})
