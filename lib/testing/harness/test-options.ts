import type { Duration } from '../../base/duration.ts'
import type { Pipeline } from '../../dstream/stream.ts'

/** How a pipeline is tested. */
export interface TestStreamOptions {
  /** When the application first starts. Default 2026-01-01T00:00:00Z. */
  readonly now?: Date
  /**
   * Overrides `whenIdle` of the pipeline. `'tick'` runs every batch time, even without input.
   * Default: the pipeline's value.
   */
  readonly whenIdle?: 'rest' | 'tick'
  /**
   * Ids of streams (see `named()`) whose batches `stream()` shows, whether or not an output
   * reads them.
   */
  readonly watch?: readonly string[]
  /**
   * `'throw'`: `advance` rejects when an attempt at a batch fails. `'record'`: it goes on, and
   * `failures` shows it. Default `'throw'`.
   */
  readonly failures?: 'throw' | 'record'
}

/** What happens in a restart. */
export interface RestartOptions {
  /** How long nothing runs. Default: no time at all. */
  readonly downFor?: Duration
  /** The pipeline of a new deployment, of the same name. Default: the same one. */
  readonly pipeline?: Pipeline
}
