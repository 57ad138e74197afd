import { MillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { userFunctionError } from '../../rdd/evaluate.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { type Attempt, outputNode } from '../plan-node.ts'

/**
 * What a user does with a batch. At-least-once: use the attempt as a fence, or the time as a name,
 * to make it exactly-once.
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
     * Hands every batch to a function; may be async. At-least-once: the batch time and the attempt
     * are there to make a sink idempotent. What it throws fails the batch, which is tried again.
     *
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
  checkFunction('foreachRDD', f)
  this.emit(
    outputNode('foreachRDD', this.node, {}, async (input, batch) => {
      try {
        await f(input, timeOf(batch.timeMs), batch.attempt)
      } catch (error) {
        if (error instanceof MillraceError) throw error
        throw userFunctionError({
          label: 'foreachRDD',
          record: `the dataset at ${batch.timeMs} ms`,
          error,
        })
      }
    }),
  )
}
