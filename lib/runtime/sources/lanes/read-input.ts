/**
 * Reads what a batch takes from lanes. Each block is a partition. The blocks of a small input are
 * read at once. A larger input is never in memory as a whole: its blocks are read when their turn
 * comes, and forgotten afterwards.
 *
 * What is lost is found before outputs start, and leaves the input (B2, B7). But nobody looks at
 * the blocks of a large input before. If one of them is lost when its turn comes, the attempt
 * fails. The next one looks at all blocks first.
 */
import { mapAtOnce, mapWithin } from '../../../base/concurrency.ts'
import { MillraceError } from '../../../base/errors.ts'
import {
  type LazyPartition,
  type Partition,
  recordsIn,
  type SourcePartition,
} from '../../../rdd/partition.ts'
import { type Block, positionsOf } from '../../../state/blocks.ts'
import { deadLetterOf } from '../../../state/dead-letters.ts'
import type { BlockRef, LaneEntry } from '../../../state/lane-entries.ts'
import { isRedriveLane, isRedriveLaneOfFiles } from '../../dead-letters/redrive-lanes.ts'
import { HELD_LIMITS, type HeldLimits } from '../held-limits.ts'
import { readFilesAgain } from '../redriven-files.ts'
import type { SourcePlace } from '../source-kind.ts'
import type {
  InputData,
  PutAside,
  SourceInput,
  SourceReader,
  UnreadablePart,
} from '../source-reader.ts'
import { type BlockRecovery, findBlock, type FoundBlock } from './lost-blocks.ts'
import type { LaneInput } from './waiting-lanes.ts'

/** A batch may take thousands of small blocks: so many calls at once would only be throttled. */
const BLOCKS_AT_ONCE = 64

/** What a batch takes from lanes. */
export interface LanesInput extends SourceInput<'lanes'> {
  readonly kind: 'lanes'
  readonly lanes: readonly LaneInput[]
}

/** How the lanes of a source are read. */
export interface LanesReading extends SourcePlace {
  /** Default: {@link HELD_LIMITS}. */
  readonly held?: HeldLimits | undefined
  /** How a lost block is made again. Left out: the source cannot be read again. */
  readonly recovery?: BlockRecovery | undefined
  /** How redriven files are read again. Left out: the source has no files. */
  readonly readAgain?: SourceReader['readAgain']
}

/** How one attempt at a batch reads its lanes. */
interface AttemptReading extends LanesReading {
  readonly putAside: PutAside
  /** Whether an earlier attempt has failed. */
  readonly isRetry: boolean
}

interface LaneBlock {
  readonly lane: string
  readonly ref: BlockRef
}

/** A block with its records, or lost. */
type ReadBlock = LaneBlock & FoundBlock
/** The same, or a block that is read when its turn comes. */
type SeenBlock = ReadBlock | (LaneBlock & { readonly found: true; readonly block?: undefined })

/** Reads an input. */
export const readInput = async (
  input: LanesInput,
  reading: AttemptReading,
): Promise<InputData<LanesInput>> => {
  const { batchBytes } = reading.held ?? HELD_LIMITS
  const blocks = input.lanes.flatMap(({ lane, entries }) =>
    entries.flatMap((entry) => entry.blocks.map((ref) => ({ lane, ref }))),
  )
  const isLarge =
    sum(
      blocks.map(({ ref }) => ref),
      'bytes',
    ) > batchBytes
  const limits = {
    atOnce: BLOCKS_AT_ONCE,
    weight: batchBytes,
    weightOf: ({ ref }: LaneBlock) => ref.bytes,
  }
  const seen = await mapWithin(blocks, limits, async (one) =>
    isLarge && !isRedriveLaneOfFiles(one.lane) ? lookAt(one, reading) : readNow(one, reading),
  )
  const found = seen.filter((one) => one.found)
  const partitions = await mapAtOnce(found, BLOCKS_AT_ONCE, async (one) =>
    partitionsOf(one, reading),
  )
  const all = partitions.flat()
  return {
    partitions: all,
    input: withoutLost(input, seen),
    records: recordsIn(all),
    unreadable: unreadableIn(reading.source, input),
  }
}

const readNow = async ({ lane, ref }: LaneBlock, reading: AttemptReading): Promise<ReadBlock> => {
  // Only the source itself can be read again.
  const recovery = isRedriveLane(lane) ? undefined : reading.recovery
  return { lane, ...(await findBlock(reading, lane, ref, recovery)) }
}

/** Looks whether a block is there, if an attempt has failed. Its records are forgotten. */
const lookAt = async (one: LaneBlock, reading: AttemptReading): Promise<SeenBlock> => {
  const seen = reading.isRetry ? await readNow(one, reading) : undefined
  return seen?.found === false ? seen : { ...one, found: true }
}

const partitionsOf = async (
  { lane, ref, block }: SeenBlock & { readonly found: true },
  reading: AttemptReading,
): Promise<readonly SourcePartition<unknown>[]> => {
  if (block === undefined) return [lazyBlock({ lane, ref }, reading)]
  if (!isRedriveLaneOfFiles(lane)) return [partitionOf({ lane, ref }, block, reading)]
  return readFilesAgain(reading.source, block, reading.readAgain, reading.putAside)
}

/** A block that is read when its turn comes. */
const lazyBlock = (one: LaneBlock, reading: AttemptReading): LazyPartition<unknown> => ({
  sizeBytes: one.ref.bytes,
  recordCount: one.ref.count,
  async read() {
    const seen = await readNow(one, reading)
    if (!seen.found) throw lostSince(one, reading.source, seen.reason)
    return () => partitionOf(one, seen.block, reading)
  },
})

const lostSince = ({ lane, ref }: LaneBlock, source: string, reason: string): MillraceError =>
  new MillraceError('INPUT_CHANGED', {
    problem: `${ref.count} records of a batch that has begun are lost: ${reason}`,
    value: `positions ${ref.first} to ${ref.at} of ${laneText(source, lane)}`,
    fix:
      'nothing: the next attempt looks at all records first. ' +
      'Then it halts or goes on without these, as `onDataLoss` says',
    retryable: true,
  })

const partitionOf = (
  { lane, ref }: LaneBlock,
  block: Block,
  { source, putAside }: AttemptReading,
): Partition<unknown> => {
  let positions: readonly string[] | undefined
  const positionOf = (index: number): string | undefined =>
    (positions ??= positionsOf(block))[index]
  return {
    records: block.records,
    steps: [],
    sizeBytes: ref.bytes,
    origin: {
      description: laneText(source, lane),
      unreadable: ref.rejected ?? 0,
      reject: (bad) => putAside(deadLetterOf(source, `${lane}#${positionOf(bad.index)}`, bad)),
    },
  }
}

/** The entries in which intake could read nothing. */
const unreadableIn = (source: string, { lanes }: LanesInput): readonly UnreadablePart[] =>
  lanes.flatMap(({ lane, entries }) =>
    entries
      .filter(({ blocks, deadLetters }) => blocks.length === 0 && deadLetters > 0)
      .map(({ deadLetters }) => ({
        description: laneText(source, lane),
        unreadable: deadLetters,
      })),
  )

const laneText = (source: string, lane: string): string => `lane ${lane} of ${source}`

/**
 * The input without the lost blocks; it lists them as lost. The offsets stay, so that no later
 * batch looks for them again.
 */
const withoutLost = (input: LanesInput, seen: readonly SeenBlock[]): LanesInput => {
  const gone = seen.flatMap((one) => (one.found ? [] : [one]))
  if (gone.length === 0) return input
  const refs = new Set(gone.map(({ ref }) => ref))
  const lanes = input.lanes.map((lane) => ({
    ...lane,
    entries: lane.entries.map((entry) => entryOf(entry, refs)),
  }))
  const entries = lanes.flatMap((lane) => lane.entries)
  const lost = gone.map(({ lane, ref, reason }) => ({
    lane,
    first: ref.first,
    last: ref.at,
    records: ref.count,
    reason,
  }))
  return {
    ...input,
    lanes,
    records: sum(entries, 'count'),
    bytes: sum(entries, 'bytes'),
    lost: [...(input.lost ?? []), ...lost],
  }
}

const entryOf = (entry: LaneEntry, lost: ReadonlySet<BlockRef>): LaneEntry => {
  const blocks = entry.blocks.filter((ref) => !lost.has(ref))
  return { ...entry, blocks, count: sum(blocks, 'count'), bytes: sum(blocks, 'bytes') }
}

/** The sum of a field of blocks or entries. */
export const sum = (
  parts: readonly Pick<LaneEntry, 'count' | 'bytes'>[],
  field: 'count' | 'bytes',
): number => parts.reduce((total, part) => total + part[field], 0)
