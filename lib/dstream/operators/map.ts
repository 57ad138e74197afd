import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** One new element for each element; order inside a partition is kept. */
export const mapNode = <T, U>(parent: PlanNode, f: (element: T) => U): OperatorNode => narrowNode('map', parent, (input) => input.map(f))

/** `map` to pairs. */
export const mapToPairNode = <T, K, V>(parent: PlanNode, f: (element: T) => readonly [K, V]): OperatorNode =>
  narrowNode('mapToPair', parent, (input) => input.mapToPair(f))
