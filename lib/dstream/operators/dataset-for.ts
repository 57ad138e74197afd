import { MillraceError } from '../../base/errors.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { BatchView } from '../plan-node.ts'

/**
 * The dataset, for operators that fail without one (facts from Spark: transform, union, cogroup and
 * every join).
 */
export const requireRdd = <T>(
  kind: string,
  input: RDD<T> | undefined,
  batch: BatchView,
): RDD<T> => {
  if (input !== undefined) return input
  throw new MillraceError('USER_FUNCTION_FAILED', {
    problem: `${kind} needs a dataset of each parent, and one has none at ${batch.timeMs} ms`,
    fix: 'combine only streams that have a dataset at every batch time',
  })
}
