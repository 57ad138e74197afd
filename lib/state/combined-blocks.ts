/**
 * Combined blocks: what intake has made of the records of one append, by key, instead of the
 * records themselves. They are much smaller. The records are still in their source, and can be read
 * again from there.
 *
 * B7: a combined block counts for the generation that its entry names, and for the source stage
 * that the block names. For any other, the records are read again. The count and the checksum of
 * its entry are those of the records.
 */
import { decode, encode } from '../base/codec.ts'
import type { ItemStore } from '../ports/item-store.ts'
import type { MeasuredRecords, NamedBlock, PositionedRecord } from './blocks.ts'
import type { DeadLetter } from './dead-letter.ts'
import type { BlockRef } from './lane-entries.ts'
import { nameSegment, readSegment } from './segments.ts'

/** What the map tasks of a plan have made of the records of one append. */
export interface CombinedBlock {
  /** The hash of the source stage: what its steps are. */
  readonly stage: string
  /** What the map task of each node gives, encoded, by the id of the node. */
  readonly nodes: Readonly<Record<string, Uint8Array>>
  /** The records that these tasks have put aside. */
  readonly deadLetters: readonly DeadLetter[]
}

/** For what a combined block must have been made to count. */
export interface CombinedCode {
  readonly generation: number
  /** The hash of the source stage. */
  readonly stage: string
  /** The ids of the nodes that combine the records of the source. */
  readonly nodes: readonly string[]
}

/** Encodes a combined block. */
export const encodeCombined = (block: CombinedBlock): Uint8Array => encode(block)

/** Names an encoded combined block of a lane, without writing it. `measured`: of the records. */
export const nameCombined = (
  store: ItemStore,
  app: string,
  { node, by, generation }: Record<'node' | 'by', string> & Pick<CombinedCode, 'generation'>,
  records: readonly PositionedRecord[],
  { bytes, sum }: Pick<MeasuredRecords, 'sum'> & { readonly bytes: Uint8Array },
): NamedBlock => {
  const at = (records.at(-1) as PositionedRecord).position
  const segment = nameSegment(store, app, { node, part: 0, at, by }, bytes)
  const first = (records[0] as PositionedRecord).position
  return {
    ref: { ...segment.ref, first, count: records.length, sum, combinedFor: generation },
    segment,
  }
}

/**
 * Reads a combined block.
 *
 * @throws MillraceError the errors of `readSegment`.
 */
export const readCombined = async (
  store: ItemStore,
  app: string,
  ref: BlockRef,
): Promise<CombinedBlock> => decode(await readSegment(store, app, ref)) as CombinedBlock

/** Whether a combined block was made by a source stage, and has all that a plan needs of it. */
export const fitsStage = ({ stage, nodes }: CombinedBlock, code: CombinedCode): boolean =>
  stage === code.stage && code.nodes.every((node) => nodes[node] !== undefined)
