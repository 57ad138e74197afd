import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/**
 * A user's decoder, a narrow step like `map`: so a record on which it throws is put aside as any
 * other (B9), what intake stores stays raw and can be decoded anew by corrected code, and the step
 * moves to intake with the rest of the source stage.
 */
export const decodeNode = <R, T>(records: PlanNode, decode: (record: R) => T): OperatorNode =>
  narrowNode('decode', records, (input) => input.map(decode as (record: never) => T))
