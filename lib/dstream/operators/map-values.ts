import type { RDD } from '../../rdd/rdd.ts'
import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** New values under the same keys. */
export const mapValuesNode = <K, V, W>(parent: PlanNode, f: (value: V) => W): OperatorNode =>
  narrowNode('mapValues', parent, (input) => (input as RDD<[K, V]>).mapValues(f))
