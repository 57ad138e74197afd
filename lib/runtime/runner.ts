import type { Usage } from '../base/prices.ts'
import type { Plan } from '../dstream/plan.ts'
import type { Clock } from '../ports/clock.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { Randomness } from '../ports/randomness.ts'
import type { LogSettings } from '../state/state-log.ts'
import type { HeadStore } from '../state/head.ts'
import type { Listener } from './events.ts'
import type { ListenerBus } from './listening/listener-bus.ts'
import type { Outputs } from './sinks/outputs.ts'
import type { SourceReader } from './sources/source-reader.ts'
import type { WholeInput } from './sources/redriven.ts'
import type { Invocation } from './tasks/invocation.ts'
import type { StageSpreader } from './tasks/stage-spreader.ts'

/** What a driver works with: the plan, the generation of its deployment, and the ports. */
export interface Runner {
  readonly plan: Plan
  /** The name of the application in the store: the name of the plan. */
  readonly app: string
  /** Orders deployments. It only grows (B10). */
  readonly generation: number
  readonly store: ItemStore
  readonly heads: HeadStore
  readonly clock: Clock
  readonly randomness: Randomness
  /** The reader of each source node, by its id. */
  readonly sources: ReadonlyMap<string, SourceReader<WholeInput>>
  readonly outputs: Outputs
  /** Default: as in state-log.ts. */
  readonly logSettings?: LogSettings
  /** See the context of an RDD. The same in all processes of a deployment. */
  readonly taskBytes?: number | undefined
  /** From how many stored bytes on a state is left to executors. Default: 32 MiB. */
  readonly stateBytes?: number | undefined
  /**
   * Tasks over what the driver has computed go to executors when they would take so many
   * milliseconds. Default: 200.
   */
  readonly slowMs?: number | undefined
  /** Spreads the tasks of large batches over executors. Left out: all run in this process. */
  readonly spreader?: StageSpreader
  readonly listen: Listener
  /** Tells the listeners of the pipeline. Left out: it has none. */
  readonly listeners?: ListenerBus
  /** What this process has used since the last call, for the history. Left out: nobody counts. */
  readonly takeUsage?: () => Usage
  /**
   * The duration of a lease: the longest time that one attempt may take, plus a margin. 0 if the
   * store admits no other process while this one lives: then any lease in the head belongs to a
   * dead process.
   */
  readonly leaseMs: number
  /**
   * When a lease that is taken now ends, if this is known more exactly: at the end of this
   * invocation, plus a margin. The lease never ends later than `leaseMs` from now. So other runners
   * never wait for a dead runner longer than it could have lived.
   */
  readonly leaseEndMs?: () => number
  /**
   * The call of a function in which batches run. An attempt that does not fit into it hands on.
   * Left out: this process may run for ever.
   */
  readonly invocation?: Invocation
  /** The longest time that a batch may take, if it is shorter than the interval. */
  readonly batchMsMax?: number
  /** The share of the memory of this process that is in use, from 0 to 1. Left out: unknown. */
  readonly memoryInUse?: () => number
  /** The memory that this process may use, in megabytes. Left out: unknown. */
  readonly memoryMb?: number
}
