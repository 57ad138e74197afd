/** What the test tells the program that makes the stacks, through the variable `MILLRACE_E2E`. */
export interface Settings {
  /** The module of the pipeline, if it is not the example's own. */
  readonly entry?: string
  /** Where the functions find AWS: through the gates of the test. */
  readonly intakeEndpoint: string
  readonly driverEndpoint: string
  readonly driverTimeoutS: number
}
