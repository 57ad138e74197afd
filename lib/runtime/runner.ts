import type { Plan } from '../dstream/plan.ts'
import type { Clock } from '../ports/clock.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Randomness } from '../ports/randomness.ts'
import type { HeadStore } from '../state/head.ts'
import type { Listener } from './events.ts'
import type { Outputs } from './sinks/outputs.ts'
import type { SourceReader } from './sources/source-reader.ts'
import type { WholeInput } from './sources/redriven.ts'
import type { Executor } from './tasks/batch-tasks.ts'

/** What a driver works with: the plan, its place in the order of deployments, and the ports. */
export interface Runner {
  readonly plan: Plan
  /** The application's name in the store: the plan's name. */
  readonly app: string
  /** Orders deployments: it only grows (B10). */
  readonly generation: number
  readonly store: ItemStore
  readonly heads: HeadStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** The reader of each source node, by its id. */
  readonly sources: ReadonlyMap<string, SourceReader<WholeInput>>
  readonly outputs: Outputs
  /** Runs the tasks of batches. */
  readonly executor: Executor
  readonly listen: Listener
  /**
   * How long a lease lasts: the longest time one attempt may take, with a margin. 0 if the store
   * lets nobody else in while this process lives: then a lease found in the head is that of a dead
   * process.
   */
  readonly leaseMs: number
  /**
   * When a lease that is taken now ends, if that is known better: with this invocation, and a
   * margin. Never later than `leaseMs` from now. A runner that is gone is then not waited for
   * longer than it could have lived.
   */
  readonly leaseEndMs?: () => number
}
