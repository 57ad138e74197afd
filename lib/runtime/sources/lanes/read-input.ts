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
import { type LazyPartition, recordsIn, type SourcePartition } from '../../../rdd/partition.ts'
import type { CombinedCode } from '../../../state/combined-blocks.ts'
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
import { laneText, partitionOf, partitionOfCombined } from './block-partitions.ts'
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
  /** For what combined blocks count. Left out: for nothing. */
  readonly code?: CombinedCode | undefined
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
type SeenBlock = ReadBlock | (LaneBlock & { readonly found: true })

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
  const earlier = seen.filter(isEarlier)
  for (const { lane, ref } of earlier) reportEarlier(reading, lane, ref)
  return {
    partitions: all,
    input: withEarlier(withoutLost(input, seen), earlier, reading.code),
    ...(earlier.length === 0 ? {} : { isOther: true }),
    records: recordsIn(all),
    unreadable: unreadableIn(reading.source, input),
  }
}

const readNow = async ({ lane, ref }: LaneBlock, reading: AttemptReading): Promise<ReadBlock> => {
  // Only the source itself can be read again.
  const recovery = isRedriveLane(lane) ? undefined : reading.recovery
  return { lane, ...(await findBlock({ ...reading, recovery }, lane, ref)) }
}

/** Looks whether a block is there, if an attempt has failed. Its records are forgotten. */
const lookAt = async (one: LaneBlock, reading: AttemptReading): Promise<SeenBlock> => {
  const seen = reading.isRetry ? await readNow(one, reading) : undefined
  return seen !== undefined && (!seen.found || isEarlier(seen)) ? seen : { ...one, found: true }
}

const partitionsOf = async (
  one: SeenBlock & { readonly found: true },
  reading: AttemptReading,
): Promise<readonly SourcePartition<unknown>[]> => {
  if ('combined' in one) return [partitionOfCombined(one.ref, one.combined, reading)]
  if (!('block' in one)) return [lazyBlock(one, reading)]
  if (!isRedriveLaneOfFiles(one.lane)) return [partitionOf(one, one.block, reading)]
  return readFilesAgain(reading.source, one.block, reading.readAgain, reading.putAside)
}

/** A block that is read when its turn comes. */
const lazyBlock = (one: LaneBlock, reading: AttemptReading): LazyPartition<unknown> => ({
  sizeBytes: one.ref.bytes,
  isAlone: one.ref.combinedFor !== undefined,
  recordCount: one.ref.count,
  async read() {
    const seen = await readNow(one, reading)
    if (!seen.found) throw lostSince(one, reading.source, seen.reason)
    if (!('combined' in seen)) return () => partitionOf(one, seen.block, reading)
    if (isEarlier(seen)) throw lostSince(one, reading.source, 'only earlier code has seen them')
    return () => partitionOfCombined(one.ref, seen.combined, reading)
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

/** A block that was combined by earlier code, and whose records do not exist any more. */
const isEarlier = (one: SeenBlock): boolean => 'isEarlier' in one && one.isEarlier === true

const reportEarlier = ({ recovery }: AttemptReading, lane: string, { count }: BlockRef): void =>
  recovery?.report({
    event: 'warning',
    code: 'BLOCK_OF_EARLIER_CODE',
    message:
      `${count} records of lane ${lane} are not in their source any more: ` +
      'what an earlier deployment has made of them by key is used',
  })

/** The input with these blocks of earlier code: from now on they count for this code too. */
const withEarlier = (
  input: LanesInput,
  earlier: readonly LaneBlock[],
  code: CombinedCode | undefined,
): LanesInput => {
  if (earlier.length === 0 || code === undefined) return input
  const refs = new Set(earlier.map(({ ref }) => ref))
  const renewed = (ref: BlockRef): BlockRef =>
    refs.has(ref) ? { ...ref, combinedFor: code.generation } : ref
  const lanes = input.lanes.map((lane) => ({
    ...lane,
    entries: lane.entries.map((entry) => ({ ...entry, blocks: entry.blocks.map(renewed) })),
  }))
  return { ...input, lanes }
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
