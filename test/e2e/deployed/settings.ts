/** What the test tells the program that makes the stacks, through the variable `MILLRACE_E2E`. */
export interface Settings {
  /** The module of the pipeline in the example's stack. */
  readonly entry: string
  /**
   * Where the example's functions find AWS, each by a gate of its own, and where everybody else
   * does.
   */
  readonly endpoints: { readonly front: string; readonly intake: string; readonly driver: string }
  readonly driverTimeoutS: number
}
