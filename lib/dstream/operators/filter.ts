import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** The elements for which `keep` is true. */
export const filterNode = <T>(parent: PlanNode, keep: (element: T) => boolean): OperatorNode =>
  narrowNode('filter', parent, (input) => input.filter(keep))
