import { MillraceError } from '../../base/errors.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { BatchView } from '../plan-node.ts'

/**
 * Gives the RDD of a parent, or fails when the parent has none. As in Spark, `transform`, `union`,
 * `cogroup` and all joins need an RDD from each parent.
 */
export const requireRdd = <T>(
  kind: string,
  input: RDD<T> | undefined,
  batch: BatchView,
): RDD<T> => {
  if (input !== undefined) return input
  throw new MillraceError('USER_FUNCTION_FAILED', {
    problem: `${kind} needs an RDD from every parent, but one has none at ${batch.timeMs} ms`,
    fix: 'combine only streams that have an RDD at every batch time',
  })
}
