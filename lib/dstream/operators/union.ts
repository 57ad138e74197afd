import type { RDD } from '../../rdd/rdd.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'
import { datasetFor } from './dataset-for.ts'

/** The left elements, then the right ones. Both must have a dataset, as in Spark. */
export const unionNode = (left: PlanNode, right: PlanNode): OperatorNode =>
  operatorNode(
    'union',
    [left, right],
    ([a, b], batch) => datasetFor('union', a, batch).union(datasetFor('union', b, batch) as RDD<unknown>),
    { narrow: true },
  )
