import { MillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { userFunctionFailed } from '../../rdd/pour.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { Attempt, OutputNode, PlanNode } from '../plan-node.ts'

/** What a user does with a batch. At-least-once: use the attempt as a fence, or the time as a name, to make it exactly-once. */
export type ForeachFunction<T> = (rdd: RDD<T>, time: Time, attempt: Attempt) => void | Promise<void>

/** Hands each batch to a function. */
export const foreachRddNode = <T>(parent: PlanNode, f: ForeachFunction<T>): OutputNode =>
  Object.freeze({
    role: 'output',
    kind: 'foreachRDD',
    parents: [parent],
    parameters: {},
    run: async (input, batch) => {
      try {
        await f(input as RDD<T>, timeOf(batch.timeMs), batch.attempt)
      } catch (error) {
        if (error instanceof MillraceError) throw error
        throw userFunctionFailed({ label: 'foreachRDD', record: `the dataset at ${batch.timeMs} ms`, error })
      }
    },
  } satisfies OutputNode)
