import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/**
 * A user's decoder, as a narrow step like `map`. A record on which it throws becomes a dead letter,
 * as with `map` (B9). Intake stores the raw records, so corrected code can decode them again. The
 * step can run in intake together with the rest of the source stage.
 */
export const decodeNode = <R, T>(records: PlanNode, decode: (record: R) => T): OperatorNode =>
  narrowNode('decode', records, (input) => input.map(decode as (record: never) => T))
