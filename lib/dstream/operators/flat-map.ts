import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** Any number of new elements for each element. */
export const flatMapNode = <T, U>(parent: PlanNode, f: (element: T) => Iterable<U>): OperatorNode =>
  narrowNode('flatMap', parent, (input) => input.flatMap(f))
