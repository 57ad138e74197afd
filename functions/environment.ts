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
 *   MILLRACE_GENERATION  a number that grows with every deployment, even with a      driver
 *                        rollback to older code
 *   MILLRACE_TIMEOUT_S   the time-out of the driver in seconds, for its leases       driver
 */
import { MillraceError } from '../lib/base/errors.ts'
import {
  deployedOutputForms,
  deployedSourceForms,
  parseDeployedOutput,
  parseDeployedSource,
} from '../lib/runtime/deployed-locations.ts'
import type { Location } from '../lib/runtime/locations.ts'

/** The values of the variables. */
export interface Environment {
  readonly table: string
  readonly blocks: string | undefined
  readonly triggers: string
  /** By the id of the source node. */
  readonly sources: ReadonlyMap<string, Location>
  /** By the name of the output in the pipeline. */
  readonly outputs: ReadonlyMap<string, Location>
  readonly generation: number
  readonly timeoutMs: number
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables. Numbers that only the driver gets are NaN in intake, which does not use
 * them.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a variable that is missing or malformed.
 */
export const readEnvironment = (variables: Variables): Environment => ({
  table: requireVariable(variables, 'MILLRACE_TABLE'),
  blocks: variables['MILLRACE_BLOCKS'],
  triggers: requireVariable(variables, 'MILLRACE_TRIGGERS'),
  sources: new Map(
    Object.entries(jsonIn(variables, 'MILLRACE_SOURCES')).map(([id, value]) => [
      id,
      readSource(id, value),
    ]),
  ),
  outputs: new Map(
    Object.entries(jsonIn(variables, 'MILLRACE_OUTPUTS')).map(([name, value]) => [
      name,
      readOutput(name, value),
    ]),
  ),
  generation: Number(variables['MILLRACE_GENERATION']),
  timeoutMs: Number(variables['MILLRACE_TIMEOUT_S']) * 1_000,
})

const invalid = (name: string, value: unknown, allowed: string): MillraceError =>
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
  if (value === undefined || value === '') throw invalid(name, value, 'a text')
  return value
}

const jsonIn = (variables: Variables, name: string): Readonly<Record<string, unknown>> => {
  const text = variables[name] ?? '{}'
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Refused below, like any other text that is not an object.
  }
  throw invalid(name, text, 'an object, as JSON')
}

const readSource = (id: string, value: unknown): Location => {
  const location = parseDeployedSource(value)
  if (location === undefined)
    throw invalid('MILLRACE_SOURCES', { [id]: value }, deployedSourceForms())
  return location
}

const readOutput = (name: string, value: unknown): Location => {
  const location = parseDeployedOutput(value)
  if (location !== undefined) return location
  throw invalid('MILLRACE_OUTPUTS', { [name]: value }, deployedOutputForms())
}
