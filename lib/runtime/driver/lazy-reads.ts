/**
 * The reads of lazy partitions while a batch runs. A read that fails for a moment is repeated, as
 * all reads of a batch are. No read outlives its batch: whoever takes a few elements, or fails,
 * leaves reads behind that were begun ahead.
 */
import type { Clock } from '../../ports/clock.ts'
import { isLazy, type Partition, type SourcePartition } from '../../rdd/partition.ts'
import { withRetries } from '../retry.ts'

/** See the head of this file. */
export class LazyReads {
  readonly #clock: Clock
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The partition, with its reads among these. */
  of<T>(partition: SourcePartition<T>): SourcePartition<T> {
    if (!isLazy(partition)) return partition
    return { ...partition, read: () => this.#begin(() => partition.read()) }
  }

  /** Waits until no read is under way. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  #begin<T>(read: () => Promise<() => Partition<T>>): Promise<() => Partition<T>> {
    const begun = withRetries(this.#clock, read)
    this.#underWay.add(begun)
    const end = (): void => void this.#underWay.delete(begun)
    begun.then(end, end)
    return begun
  }
}
