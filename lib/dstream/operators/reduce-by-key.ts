import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** One pair for each key of the batch. */
export const reduceByKeyNode = <K, V>(parent: PlanNode, f: (a: V, b: V) => V, { partitions = 1 }: ShuffleOptions): OperatorNode =>
  operatorNode('reduceByKey', [parent], ([input]) => (input as RDD<[K, V]> | undefined)?.reduceByKey(f, { partitions }), {
    parameters: { partitions },
  })
