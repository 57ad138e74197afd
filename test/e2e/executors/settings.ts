/** What the test passes to the program that makes its stack, in the variable `MILLRACE_E2E`. */
export interface Settings {
  /** The endpoints that the functions use as AWS, each through a gate of its own. */
  readonly endpoints: Readonly<Record<'front' | 'intake' | 'driver' | 'executors', string>>
  readonly executors: number
  readonly driverTimeoutS: number
}

/** The name of the stack. */
export const STACK = 'Tally'
