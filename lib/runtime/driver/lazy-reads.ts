/**
 * The reads of lazy partitions while a batch runs. A read that fails for a moment is repeated, as
 * all reads of a batch are. No read outlives its batch: whoever takes a few elements, or fails,
 * leaves reads behind that were begun ahead.
 */
import type { Clock } from '../../ports/clock.ts'
import type { LazyPartition, Partition } from '../../rdd/partition.ts'
import { withRetries } from '../retry.ts'

/** See the head of this file. */
export class LazyReads {
  readonly #clock: Clock
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Reads a partition. */
  begin<T>(partition: LazyPartition<T>): Promise<() => Partition<T>> {
    const begun = withRetries(this.#clock, () => partition.read())
    this.#underWay.add(begun)
    const end = (): void => void this.#underWay.delete(begun)
    begun.then(end, end)
    return begun
  }

  /** Waits until no read is under way. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }
}
