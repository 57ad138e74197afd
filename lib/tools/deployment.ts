/**
 * What the command line is told of a deployed application: the construct `StreamingApp` writes it
 * into a parameter, and nothing else finds it.
 */
import { MillraceError } from '../base/errors.ts'

/** Where an application is. */
export interface Deployment {
  /** Its name in the table: that of the pipeline. */
  readonly app: string
  readonly table: string
  /** The bucket for large segments. */
  readonly blocks: string
  /** The URL of the queue that calls the driver. */
  readonly triggers: string
  /** The ids of the pipeline's sources. */
  readonly sources: readonly string[]
  readonly generation: number
  /** The groups of the functions' logs. */
  readonly logs: { readonly intake: string; readonly driver: string }
}

/** The name of the parameter of an application. */
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
 * The deployment that the text of a parameter describes.
 *
 * @throws MillraceError `STORE_UNREADABLE`.
 */
export const deploymentIn = (appName: string, text: string): Deployment => {
  try {
    const value: unknown = JSON.parse(text)
    if (isDeployment(value)) return value
  } catch {
    // No JSON: refused below.
  }
  throw new MillraceError('STORE_UNREADABLE', {
    problem:
      `The parameter ${parameterName(appName)} does not say where the application is, as this ` +
      'version of Millrace reads it',
    value: text,
    fix:
      'use the version that deployed it, or deploy again; if somebody has written it by hand, ' +
      'deploy again too',
  })
}
