/**
 * Describes a deployed application to the command line. The construct `StreamingApp` writes this
 * description into a parameter. The command line has no other way to find the application.
 */
import { MillraceError } from '../base/errors.ts'

/** The parts of a deployed application. */
export interface Deployment {
  /** Its name in the table: the name of the pipeline. */
  readonly app: string
  readonly table: string
  /** The bucket for large segments. */
  readonly blocks: string
  /** The URL of the queue that calls the driver. */
  readonly triggers: string
  /** The ids of the pipeline's sources. */
  readonly sources: readonly string[]
  /** Those of them that `millrace receive` feeds. Left out: none. */
  readonly fed?: readonly string[]
  readonly generation: number
  /** The batch interval. Left out by deployments of earlier versions. */
  readonly intervalMs?: number
  /** What costs the same whatever comes. Left out by deployments of earlier versions. */
  readonly standing?: {
    readonly alarms: number
    /** Queues that Lambda polls for the functions. */
    readonly polledQueues: number
  }
  /** The log groups of the functions. */
  readonly logs: { readonly intake: string; readonly driver: string }
}

/** The name of an application's parameter. */
export const parameterName = (appName: string): string => `/millrace/${appName}`

const isDeployment = (value: unknown): value is Deployment => {
  if (typeof value !== 'object' || value === null) return false
  const { app, table, blocks, triggers, sources, generation, logs } = value as Partial<
    Record<keyof Deployment, unknown>
  >
  const isText = [app, table, blocks, triggers].every(
    (text) => typeof text === 'string' && text !== '',
  )
  return (
    isText &&
    Array.isArray(sources) &&
    typeof generation === 'number' &&
    typeof logs === 'object' &&
    logs !== null
  )
}

/**
 * Reads the text of a parameter.
 *
 * @throws MillraceError `STORE_UNREADABLE`.
 */
export const deploymentIn = (appName: string, text: string): Deployment => {
  try {
    const value: unknown = JSON.parse(text)
    if (isDeployment(value)) return value
  } catch {
    // Not JSON: refused below.
  }
  throw new MillraceError('STORE_UNREADABLE', {
    problem:
      `The parameter ${parameterName(appName)} does not describe an application in the form that ` +
      'this version of Millrace reads',
    value: text,
    fix:
      'use the version of Millrace that deployed the application, or deploy it again. Also ' +
      'deploy it again if the parameter was edited by hand',
  })
}
