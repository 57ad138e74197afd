/**
 * What the deployment tells the functions. All of it is in environment variables, and this comment
 * is their documentation:
 *
 *   MILLRACE_TABLE       the table with the items                                    intake, driver
 *   MILLRACE_BLOCKS      the bucket for large segments; default: the table           intake, driver
 *   MILLRACE_TRIGGERS    the URL of the queue of triggers                            intake, driver
 *   MILLRACE_SOURCES     JSON: the location of each source, by the id of its node,   intake, driver
 *                        as { "kind": "kinesis", "streamArn": "arn:..." }; each kind
 *                        of source has its own form
 *   MILLRACE_OUTPUTS     JSON: what the names of outputs are bound to,               driver
 *                        as { "kind": "objects", "bucket": "name" }; another bucket
 *                        is taken literally
 *   MILLRACE_GENERATION  a number that grows with each deployment, also with a       driver
 *                        roll-back to older code
 *   MILLRACE_TIMEOUT_S   the time-out of the driver in seconds, for its leases       driver
 *   MILLRACE_METER       "log": each invocation logs what it used and its price;     intake, driver
 *                        default: nothing is counted
 */
import { MillraceError } from '../lib/base/errors.ts'
import type { Location } from '../lib/runtime/locations.ts'
import { deployedSourceForms, parseDeployedSource } from '../lib/runtime/sources/deployed.ts'

/** The values of the variables that both functions get. */
export interface Environment {
  readonly table: string
  readonly blocks: string | undefined
  readonly triggers: string
  /** By the id of the source node. */
  readonly sources: ReadonlyMap<string, Location>
}

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables that both functions get.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a variable that is missing or malformed.
 */
export const readEnvironment = (variables: Variables): Environment => ({
  table: requireVariable(variables, 'MILLRACE_TABLE'),
  blocks: variables['MILLRACE_BLOCKS'],
  triggers: requireVariable(variables, 'MILLRACE_TRIGGERS'),
  sources: locationsIn(variables, 'MILLRACE_SOURCES', parseDeployedSource, deployedSourceForms),
})

/** The error for a variable. */
export const invalidVariable = (name: string, value: unknown, allowed: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', {
    problem: `The environment variable ${name} is missing or malformed`,
    value,
    allowed,
    fix:
      'deploy with the construct StreamingApp, which sets the variable. ' +
      'functions/environment.ts documents all variables',
  })

const requireVariable = (variables: Variables, name: string): string => {
  const value = variables[name]
  if (value === undefined || value === '') throw invalidVariable(name, value, 'a text')
  return value
}

/** The locations that a variable holds as JSON, by name. */
export const locationsIn = (
  variables: Variables,
  variable: string,
  parse: (value: unknown) => Location | undefined,
  forms: () => string,
): ReadonlyMap<string, Location> =>
  new Map(
    Object.entries(jsonIn(variables, variable)).map(([name, value]) => {
      const location = parse(value)
      if (location === undefined) throw invalidVariable(variable, { [name]: value }, forms())
      return [name, location]
    }),
  )

const jsonIn = (variables: Variables, name: string): Readonly<Record<string, unknown>> => {
  const text = variables[name] ?? '{}'
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Refused below, like any other text that is not an object.
  }
  throw invalidVariable(name, text, 'an object, as JSON')
}
