/**
 * Feeds lanes from a source that counts its records by itself, such as the partitions of a topic.
 * It runs in a process that stays. The positions of records come from the source, so what is read
 * twice is dropped (B1): a process may die at any time, and several may read the same.
 */
import type { LaneDelivery } from '../intake/lane-delivery.ts'
import type { Lane } from '../../state/lanes.ts'

/** Takes what a feed has read. */
export interface LaneSink {
  /** All lanes of the source. Their tails say where to go on. */
  lanes(): Promise<readonly Lane[]>
  /**
   * Stores records. Resolves when they are durable. It may be called for several lanes at the same
   * time. Rejects only if the run must end.
   */
  store(delivery: LaneDelivery): Promise<void>
  /** Shows a message to the operator. */
  report(message: string): void
}

/** Reads a source into its lanes. */
export interface LaneFeed {
  /**
   * Runs until the signal is aborted. With `untilEnd` it also ends when it has stored what was
   * there when it began. Rejects if `store` rejected, or if the source cannot be read without a
   * loss that its user does not want.
   */
  run(
    sink: LaneSink,
    options: { readonly signal: AbortSignal; readonly untilEnd: boolean },
  ): Promise<void>
}
