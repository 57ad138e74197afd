/**
 * The settings that the test passes to the program that makes the stacks, in the variable
 * `MILLRACE_E2E`.
 */
export interface Settings {
  /** The module of the pipeline in the example's stack. */
  readonly entry: string
  /**
   * The endpoints that the example's functions use as AWS, each through a gate of its own, and the
   * endpoint of all others.
   */
  readonly endpoints: { readonly front: string; readonly intake: string; readonly driver: string }
  readonly driverTimeoutS: number
}
