import { MillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { userFunctionError } from '../../rdd/evaluate.ts'
import { RDD } from '../../rdd/rdd.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'
import { requireRdd } from './dataset-for.ts'

/**
 * From a batch's dataset to another one.
 *
 * @example const sorted: TransformFunction<string, string> = (rdd) => rdd.sortBy((word) => word)
 */
export type TransformFunction<T, U> = (rdd: RDD<T>, time: Time) => RDD<U> | Promise<RDD<U>>

/**
 * From the datasets of two streams at one batch time to another one.
 *
 * @example
 * ```ts
 * const without: TransformWithFunction<string, string, string> = (rdd, other) =>
 *   rdd.subtract(other)
 * ```
 */
export type TransformWithFunction<T, U, W> = (
  rdd: RDD<T>,
  other: RDD<U>,
  time: Time,
) => RDD<W> | Promise<RDD<W>>

/**
 * Settings of `transform` and `transformWith`.
 *
 * @example words.transform((rdd) => rdd.distinct(), { pure: true })
 */
export interface TransformOptions {
  /**
   * The function gives the same for the same dataset, so an idle pipeline may rest. Default false.
   */
  readonly pure?: boolean
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Any function from a batch's dataset to another one, called once a batch, for empty ones too;
     * may be async. Say `pure: true` when equal datasets give equal results: else the pipeline
     * never rests.
     *
     * @example words.transform((rdd) => rdd.filter((word) => !stopWords.has(word)), { pure: true })
     */
    transform<U>(f: TransformFunction<T, U>, options?: TransformOptions): DStream<U>

    /**
     * As {@link transform}, of the datasets that this stream and another one have at the same time.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the other stream belongs to another pipeline,
     * or has its datasets at other times.
     * @example clicks.transformWith(bots, (rdd, ids) => rdd.subtractByKey(ids), { pure: true })
     */
    transformWith<U, W>(
      other: DStream<U>,
      f: TransformWithFunction<T, U, W>,
      options?: TransformOptions,
    ): DStream<W>
  }
}

DStream.prototype.transform = function (f, options) {
  checkFunction('transform', f)
  return this.to(
    transformNode(
      'transform',
      [this.node],
      ([input], time) => f(input as RDD<unknown>, time),
      options,
    ),
  )
}

DStream.prototype.transformWith = function (other, f, options) {
  checkFunction('transformWith', f)
  const parents = [this.node, this.nodeBeside('transformWith', other)]
  return this.to(
    transformNode(
      'transformWith',
      parents,
      ([left, right], time) => f(left as RDD<unknown>, right as RDD<never>, time),
      options,
    ),
  )
}

/** The node of a function over the datasets of its parents, in their order; each must have one. */
export const transformNode = (
  kind: string,
  parents: readonly PlanNode[],
  f: (inputs: readonly RDD<unknown>[], time: Time) => unknown,
  { pure = false }: TransformOptions = {},
): OperatorNode =>
  operatorNode(
    kind,
    parents,
    async (inputs, batch) => {
      const rdds = inputs.map((input) => requireRdd(kind, input, batch))
      const result = await callTransform(kind, () => f(rdds, timeOf(batch.timeMs)), batch.timeMs)
      if (result instanceof RDD) return result as RDD<unknown>
      throw new MillraceError('USER_FUNCTION_FAILED', {
        problem: `The function of ${kind} did not return a dataset`,
        value: result,
        fix: 'return an RDD, for example rdd.filter(...)',
      })
    },
    { nondeterministic: !pure },
  )

const callTransform = async (kind: string, f: () => unknown, timeMs: number): Promise<unknown> => {
  try {
    return await f()
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionError({ label: kind, record: `the dataset at ${timeMs} ms`, error })
  }
}
