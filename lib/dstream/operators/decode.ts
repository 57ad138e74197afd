import { narrowNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/**
 * A user's decoder, as a narrow step like `map`. A record on which it throws becomes a dead letter,
 * as with `map` (B9). Intake stores the raw records, so corrected code can decode them again. The
 * step can run in intake together with the rest of the source stage. A name for the stream is the
 * name of its source.
 */
export const decodeNode = <R, T>(records: PlanNode, decode: (record: R) => T): OperatorNode =>
  Object.freeze({
    ...narrowNode('decode', records, (input) => input.map(decode as (record: never) => T)),
    isPartOfSource: true,
  })
