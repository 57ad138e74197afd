import type { PartitionFunction } from '../../rdd/rdd.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** A function over whole partitions, empty ones too. Not narrow: what it throws on is a partition, which cannot be put aside as a record can. */
export const mapPartitionsNode = <T, U>(parent: PlanNode, f: PartitionFunction<T, U>): OperatorNode =>
  operatorNode('mapPartitions', [parent], ([input]) => input?.mapPartitions(f as PartitionFunction<unknown, U>))
