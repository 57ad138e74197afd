/** What the deployment tells an executor. `environment.ts` documents all variables. */
import {
  type CommonEnvironment,
  readCommonEnvironment,
  type Variables,
  wholeNumberIn,
} from './environment.ts'

/** The values of the variables. */
export interface ExecutorEnvironment extends CommonEnvironment {
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
  generation: wholeNumberIn(variables, 'MILLRACE_GENERATION'),
})
