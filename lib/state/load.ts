/**
 * The load of an application, as its last batches have measured it. The head keeps it, so a driver
 * that starts goes on where the last one was. It only says how much a batch may take: what a batch
 * has taken is logged, whatever the load was (B2).
 */

/** Amounts of input. */
export interface Amounts {
  readonly objects: number
  /** 0 where they are not known before reading. */
  readonly records: number
  readonly bytes: number
}

/** What waited after a batch had taken its part. */
export interface LoadSample extends Amounts {
  /** The batch time. */
  readonly timeMs: number
  /** How long after its batch time the batch began. */
  readonly delayMs: number
  readonly factor: number
}

/**
 * What keeps batches from taking more. `time`: the interval. `memory`: the process. `limits`: what
 * the pipeline allows at most. `rate`: the rate of a source. `input`: nothing; more is taken as
 * soon as more waits.
 */
export type HeldBy = 'time' | 'memory' | 'limits' | 'rate' | 'input'

/** How far an application is behind, and how fast that grows. */
export interface FallingBehind extends Amounts {
  /** The batch time at which this was measured. */
  readonly timeMs: number
  readonly delayMs: number
  /** How much more waits each second. */
  readonly perSecond: Amounts
  readonly heldBy: HeldBy
}

/** What is known of the load. */
export interface Load {
  /** How many times the limits of the pipeline the next batch may take. At least 1. */
  readonly factor: number
  readonly heldBy: HeldBy
  /** While input waits that batches do not take: the last samples, the oldest first. */
  readonly samples: readonly LoadSample[]
  /** Left out: the application is not behind, or catches up. */
  readonly falling?: FallingBehind
  /** What the estimator of rates knows, by source. Left out: rates do not follow batches. */
  readonly rates?: Readonly<Record<string, RateEstimate>>
}

/** What the estimator of the rate of a source knows after a batch. */
export interface RateEstimate {
  /** When the batch ended. */
  readonly atMs: number
  /** The rate from which the next estimate starts, in records a second. */
  readonly rate: number
  readonly error: number
  /** Whether the rate is an estimate. The first batch only measures. */
  readonly isEstimate: boolean
}
