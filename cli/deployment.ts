/** What the command line is told of a deployed application: the construct `StreamingApp` writes it into a parameter, and nothing else finds it. */

/** Where an application is. */
export interface Deployment {
  /** Its name in the table: that of the pipeline. */
  readonly app: string
  readonly table: string
  /** The bucket for large segments. */
  readonly blocks: string
  /** The URL of the queue that calls the driver. */
  readonly ticks: string
  /** The ids of the pipeline's sources. */
  readonly sources: readonly string[]
  readonly generation: number
  /** The groups of the functions' logs. */
  readonly logs: { readonly intake: string; readonly driver: string }
}

/** The name of the parameter of an application. */
export const parameterName = (appName: string): string => `/millrace/${appName}`
