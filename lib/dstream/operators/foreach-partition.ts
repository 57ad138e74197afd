import { isMillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { addingAt } from '../../rdd/adds/place-adds.ts'
import { userFunctionError } from '../../rdd/bad-records.ts'
import { checkAnyFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { type Attempt, outputNode } from '../plan-node.ts'

/**
 * What identifies a partition of a batch, and the attempt that hands it out.
 *
 * @example
 * ```ts
 * const nameOf = ({ partition, batchTime }: PartitionAttempt): string =>
 *   `${batchTime.milliseconds}-${partition}`
 * ```
 */
export interface PartitionAttempt {
  /** The number of the partition, from 0. The same in each attempt of the same code. */
  readonly partition: number
  readonly batchTime: Time
  readonly attempt: Attempt
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Calls `f` with each partition of every batch, one after the other, also with empty ones. `f`
     * may be async, and the next partition is computed when it has ended: so what narrow operators
     * such as `map` make is in memory one partition at a time. It runs in the driver.
     *
     * A partition is handed out at least once: `batchTime` and `partition` name it, and the attempt
     * is a fence. If `f` throws, the batch fails and is retried from its first partition.
     *
     * @throws MillraceError `USER_FUNCTION_FAILED` in a batch, when `f` throws.
     * @example
     * ```ts
     * counts.foreachPartition(async (elements, { partition, batchTime }) => {
     *   await store.put(batchTime.milliseconds + partition, [...elements])
     * })
     * ```
     */
    foreachPartition(
      f: (elements: Iterable<T>, attempt: PartitionAttempt) => void | Promise<void>,
    ): void
  }
}

DStream.prototype.foreachPartition = function (f) {
  checkAnyFunction('foreachPartition', f)
  this.emit(
    outputNode('foreachPartition', this.node, {}, async (input, { timeMs, attempt }) => {
      const batchTime = timeOf(timeMs)
      for (let partition = 0; partition < input.getNumPartitions(); partition++) {
        const elements = await input.elements(partition)
        try {
          const place = { node: input.label, partition, isDriver: true }
          await addingAt(input.adds, place, () => f(elements, { partition, batchTime, attempt }))
        } catch (error) {
          if (isMillraceError(error)) throw error
          throw userFunctionError({
            label: 'foreachPartition',
            record: `partition ${partition} of the RDD at ${timeMs} ms`,
            error,
          })
        }
      }
    }),
  )
}
