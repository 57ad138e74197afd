import type { RddContext } from './context.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { Partition } from './partition.ts'

/** How an RDD gets its partitions. */
export interface Lineage<T> {
  readonly partitionCount: number
  /** `until`: the last partition that is used after this one. Default: perhaps all. */
  readonly partition: (index: number, until?: number) => Promise<Partition<T>>
  /** Default: they were computed here. */
  readonly elsewhere?: Elsewhere
  /**
   * Runs the tasks that must run first, because no task waits for another one inside. Default:
   * none.
   */
  readonly prepare?: () => Promise<unknown>
  /** See {@link Partition.sizeBytes}. Default: unknown. */
  readonly sizeOf?: ((index: number) => number | undefined) | undefined
  readonly context: RddContext
  /** Names this RDD in errors: the id of the node that made it. */
  readonly label: string
}

/** The size of a partition that was computed. */
export const unknownSize = (): undefined => undefined
