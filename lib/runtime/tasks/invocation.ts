/** The call of a function in which batches run. */
export interface Invocation {
  readonly timeoutMs: number
  /** The time until the platform ends it. */
  readonly remainingMs: () => number
}
