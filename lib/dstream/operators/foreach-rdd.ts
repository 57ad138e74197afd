import { isMillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { addingAt } from '../../rdd/adds/place-adds.ts'
import { userFunctionError } from '../../rdd/bad-records.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { checkAnyFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { type Attempt, outputNode } from '../plan-node.ts'

/**
 * A user's output for one batch. It runs at least once. To make its effect exactly-once, use the
 * attempt as a fence, or the batch time as a name.
 *
 * @example
 * ```ts
 * const keep: ForeachFunction<number> = async (rdd, time) =>
 *   void (await store.put(time.milliseconds, await rdd.collect()))
 * ```
 */
export type ForeachFunction<T> = (rdd: RDD<T>, time: Time, attempt: Attempt) => void | Promise<void>

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Calls `f` with the RDD of every batch, the batch time and the attempt. `f` may be async. It
     * runs at least once: use the batch time and the attempt to make a sink idempotent. If `f`
     * throws, the batch fails and is retried.
     *
     * @throws MillraceError `USER_FUNCTION_FAILED` in a batch, when `f` throws.
     * @example
     * ```ts
     * counts.foreachRDD(async (rdd, time) => {
     *   await store.put(time.milliseconds, await rdd.collect())
     * })
     * ```
     */
    foreachRDD(f: ForeachFunction<T>): void
  }
}

DStream.prototype.foreachRDD = function (f) {
  checkAnyFunction('foreachRDD', f)
  this.emit(
    outputNode(
      'foreachRDD',
      this.node,
      {},
      async (input, batch) => {
        try {
          await addingAt(input.adds, { node: input.label, isDriver: true }, () =>
            f(input, timeOf(batch.timeMs), batch.attempt),
          )
        } catch (error) {
          if (isMillraceError(error)) throw error
          throw userFunctionError({
            label: 'foreachRDD',
            record: `the RDD at ${batch.timeMs} ms`,
            error,
          })
        }
      },
      { free: true },
    ),
  )
}
