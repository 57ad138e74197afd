/**
 * What the deployment tells the functions. All of it is in environment variables, and this comment
 * is their documentation:
 *
 *   MILLRACE_TABLE       the table with the items                                    all
 *   MILLRACE_BLOCKS      the bucket for large segments; default: the table           all
 *   MILLRACE_TRIGGERS    the URL of the queue of triggers                            intake, driver
 *   MILLRACE_SOURCES     JSON: the location of each source, by the id of its node,   all
 *                        as { "kind": "kinesis", "streamArn": "arn:..." }; each kind
 *                        of source has its own form
 *   MILLRACE_OUTPUTS     JSON: what the names of outputs are bound to,               driver,
 *                        as { "kind": "objects", "bucket": "name" }; another bucket  executors
 *                        is taken literally
 *   MILLRACE_EXECUTORS   JSON: the names of the executor functions, as a list;       driver
 *                        default: there are none
 *   MILLRACE_PARALLELISM how many tasks of a large batch run at the same time,       driver
 *                        each but one in a thread; default: 1
 *   MILLRACE_GENERATION  a number that grows with each deployment, also with a       all
 *                        roll-back to older code
 *   MILLRACE_TIMEOUT_S   the time-out of the driver in seconds, for its leases       driver
 *   MILLRACE_METER       "log": each invocation logs what it used and its price;     all
 *                        default: nothing is counted
 */
import { MillraceError } from '../lib/base/errors.ts'
import type { Location } from '../lib/runtime/locations.ts'
import { deployedSourceForms, parseDeployedSource } from '../lib/runtime/sources/deployed.ts'

/** The values of the variables that all functions get. */
export interface CommonEnvironment {
  readonly table: string
  readonly blocks: string | undefined
  /** By the id of the source node. */
  readonly sources: ReadonlyMap<string, Location>
}

/** The values of the variables that intake and the driver get. */
export interface Environment extends CommonEnvironment {
  readonly triggers: string
}

/** The variables of a process. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads the variables that all functions get.
 *
 * @throws MillraceError `ARGUMENT_INVALID` for a variable that is missing or malformed.
 */
export const readCommonEnvironment = (variables: Variables): CommonEnvironment => ({
  table: requireVariable(variables, 'MILLRACE_TABLE'),
  blocks: variables['MILLRACE_BLOCKS'],
  sources: locationsIn(variables, 'MILLRACE_SOURCES', parseDeployedSource, deployedSourceForms),
})

/**
 * Reads the variables that intake and the driver get.
 *
 * @throws MillraceError As {@link readCommonEnvironment}.
 */
export const readEnvironment = (variables: Variables): Environment => ({
  ...readCommonEnvironment(variables),
  triggers: requireVariable(variables, 'MILLRACE_TRIGGERS'),
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

/** A whole number from 1. */
export const wholeNumberIn = (variables: Variables, name: string): number => {
  const text = variables[name] ?? ''
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw invalidVariable(name, text, 'a whole number from 1')
}

/** A list of texts, as JSON. */
export const textsIn = (variables: Variables, name: string): readonly string[] => {
  const text = variables[name] ?? '[]'
  const value = jsonOf(text)
  if (Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== ''))
    return value as string[]
  throw invalidVariable(name, text, 'a list of texts, as JSON')
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
  const value = jsonOf(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw invalidVariable(name, text, 'an object, as JSON')
}

/** Undefined: it is no JSON. */
const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
