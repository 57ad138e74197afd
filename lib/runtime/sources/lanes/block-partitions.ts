/** The partitions that the blocks of lanes are, in the driver, in executors and at intake. */
import { decode } from '../../../base/codec.ts'
import { ASIDE, combinedPartition, type Partition } from '../../../rdd/partition.ts'
import { type Block, positionsOf } from '../../../state/blocks.ts'
import type { CombinedBlock } from '../../../state/combined-blocks.ts'
import { deadLetterOf } from '../../../state/dead-letters.ts'
import type { BlockRef } from '../../../state/lane-entries.ts'
import { type PackedResult, resultIn } from '../../tasks/columns.ts'
import { isRedriveLane } from '../../dead-letters/redrive-lanes.ts'
import type { PutAside } from '../source-reader.ts'

type Pairs = Iterable<[unknown, unknown]>

/** A block, as far as it matters for its records. */
export interface LaneBlock {
  readonly lane: string
  readonly ref: Pick<BlockRef, 'bytes' | 'rejected' | 'combinedFor'>
}

/** Whose records a partition has, and who takes those that are put aside. */
export interface PartitionOwner {
  readonly source: string
  readonly putAside: PutAside
}

/** The name of a lane in messages. */
export const laneText = (source: string, lane: string): string => `lane ${lane} of ${source}`

/**
 * The partition of a block with its records. Where intake has combined them once, it is computed by
 * itself, as intake did: so reductions have the same order (B3).
 */
export const partitionOf = (
  { lane, ref }: LaneBlock,
  block: Block,
  { source, putAside }: PartitionOwner,
): Partition<unknown> => {
  let positions: readonly string[] | undefined
  const positionOf = (index: number): string | undefined =>
    (positions ??= positionsOf(block))[index]
  return {
    records: block.records,
    steps: [],
    sizeBytes: ref.bytes,
    isAlone: ref.combinedFor !== undefined,
    lane: isRedriveLane(lane) ? ASIDE : lane,
    origin: {
      description: laneText(source, lane),
      unreadable: ref.rejected ?? 0,
      reject: (bad) => putAside(deadLetterOf(source, `${lane}#${positionOf(bad.index)}`, bad)),
    },
  }
}

/** The partition of a combined block. What intake has put aside is put aside now. */
export const partitionOfCombined = (
  { count }: Pick<BlockRef, 'count'>,
  { nodes, deadLetters }: CombinedBlock,
  { putAside }: Pick<PartitionOwner, 'putAside'>,
): Partition<unknown> => {
  for (const one of deadLetters) putAside(one)
  return combinedPartition({
    recordCount: count,
    entriesOf: (node) => [
      ...(resultIn(decode(nodes[node] as Uint8Array) as PackedResult) as Pairs),
    ],
  })
}
