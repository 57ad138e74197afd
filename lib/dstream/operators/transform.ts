import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { addingAt } from '../../rdd/adds/place-adds.ts'
import { userFunctionError } from '../../rdd/bad-records.ts'
import { RDD } from '../../rdd/rdd.ts'
import { checkAnyFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'
import { requireRdd } from './require-rdd.ts'

/**
 * Makes a new RDD from the RDD of one batch.
 *
 * @example const sorted: TransformFunction<string, string> = (rdd) => rdd.sortBy((word) => word)
 */
export type TransformFunction<T, U> = (rdd: RDD<T>, time: Time) => RDD<U> | Promise<RDD<U>>

/**
 * Makes a new RDD from the RDDs of two streams at the same batch time.
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
   * Says that the function always gives the same result for the same RDD, so an idle pipeline may
   * rest. Default false.
   */
  readonly pure?: boolean
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Makes a new RDD from the RDD of each batch with any function. `f` is called once for each
     * batch, also for empty ones, and may be async. Set `pure: true` if equal RDDs give equal
     * results; otherwise the pipeline never rests.
     *
     * @throws MillraceError `USER_FUNCTION_FAILED` in a batch, when `f` throws or does not return
     * an RDD, or this stream has no RDD at the batch time.
     * @example words.transform((rdd) => rdd.filter((word) => !stopWords.has(word)), { pure: true })
     */
    transform<U>(f: TransformFunction<T, U>, options?: TransformOptions): DStream<U>

    /**
     * Like {@link transform}, but `f` gets the RDDs of this stream and another stream at the same
     * batch time.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the other stream belongs to another pipeline or
     * has another slide. In a batch: as {@link transform}.
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
  checkAnyFunction('transform', f)
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
  checkAnyFunction('transformWith', f)
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

/**
 * The node of a function over the RDDs of its parents, in their order. Each parent must have an
 * RDD.
 */
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
      const { id, adds, timeMs } = batch
      const result = await callTransform(
        kind,
        () => addingAt(adds, { node: id, isDriver: true }, () => f(rdds, timeOf(timeMs))),
        timeMs,
      )
      if (result instanceof RDD) return result as RDD<unknown>
      throw new MillraceError('USER_FUNCTION_FAILED', {
        problem: `The function of ${kind} did not return an RDD`,
        value: result,
        fix: 'return an RDD, for example rdd.filter(...)',
      })
    },
    { nondeterministic: !pure, free: true },
  )

const callTransform = async (kind: string, f: () => unknown, timeMs: number): Promise<unknown> => {
  try {
    return await f()
  } catch (error) {
    if (isMillraceError(error)) throw error
    throw userFunctionError({ label: kind, record: `the RDD at ${timeMs} ms`, error })
  }
}
