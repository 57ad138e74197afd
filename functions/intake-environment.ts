/** What the deployment tells intake. `environment.ts` documents all variables. */
import { type Environment, readEnvironment, type Variables, wholeNumberIn } from './environment.ts'

/** The values of the variables. */
export interface IntakeEnvironment extends Environment {
  /** What it combines by key counts for drivers of this number. */
  readonly generation: number
}

/**
 * Reads the variables of intake.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a variable that is missing or malformed.
 */
export const readIntakeEnvironment = (variables: Variables): IntakeEnvironment => ({
  ...readEnvironment(variables),
  generation: wholeNumberIn(variables, 'MILLRACE_GENERATION'),
})
