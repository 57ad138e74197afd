import { MillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { userFunctionFailed } from '../../rdd/pour.ts'
import { RDD } from '../../rdd/rdd.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'
import { datasetFor } from './dataset-for.ts'

/** From a batch's dataset to another one. */
export type TransformFunction<T, U> = (rdd: RDD<T>, time: Time) => RDD<U> | Promise<RDD<U>>

/** Settings of `transform`. */
export interface TransformOptions {
  /** The function gives the same for the same dataset, so an idle pipeline may rest. Default false. */
  readonly pure?: boolean
}

/** Any function from dataset to dataset, called once a batch, also for empty ones. */
export const transformNode = <T, U>(parent: PlanNode, f: TransformFunction<T, U>, { pure = false }: TransformOptions): OperatorNode =>
  operatorNode(
    'transform',
    [parent],
    async ([input], batch) => {
      const result = await transformed(f, datasetFor('transform', input as RDD<T> | undefined, batch), batch.timeMs)
      if (result instanceof RDD) return result as RDD<unknown>
      throw new MillraceError('USER_FUNCTION_FAILED', {
        problem: 'The function of transform did not return a dataset',
        value: result,
        fix: 'return an RDD, for example rdd.filter(...)',
      })
    },
    { changesItsMind: !pure },
  )

const transformed = async <T, U>(f: TransformFunction<T, U>, input: RDD<T>, timeMs: number): Promise<RDD<U>> => {
  try {
    return await f(input, timeOf(timeMs))
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionFailed({ label: 'transform', record: `the dataset at ${timeMs} ms`, error })
  }
}
