/**
 * Reads records from lanes. Intake has appended there what receivers and streams deliver.
 *
 * A batch takes all entries of a lane from the offset of the last batch up to its own offset. So
 * nothing can fall between two batches, and no clock matters. (Membership by receive time would
 * lose records that were acknowledged during a pause.)
 */
import { invariant } from '../../../base/errors.ts'
import { mapAtOnce } from '../../../base/concurrency.ts'
import { type Partition, recordsIn } from '../../../rdd/partition.ts'
import { type Block, positionsOf } from '../../../state/blocks.ts'
import { deadLetterOf } from '../../../state/dead-letters.ts'
import { BEGINNING, type BlockRef, isAfter, type LaneEntry } from '../../../state/lane-entries.ts'
import { isRecordLane } from '../../../state/lanes.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { isRedriveLane, isRedriveLaneOfFiles } from '../../dead-letters/redrive-lanes.ts'
import { readFilesAgain } from '../redriven-files.ts'
import type { SourcePlace } from '../source-kind.ts'
import {
  type Behind,
  earliestOf,
  type InputData,
  NOTHING_WAITS,
  type PutAside,
  type SourceInput,
  type SourceReader,
  type UnreadablePart,
} from '../source-reader.ts'
import { leaveLanes, type LeavingTimes } from './leaving.ts'
import { type BlockRecovery, findBlock, type FoundBlock } from './lost-blocks.ts'
import { type LaneInput, type LaneSelection, SourceLanes, takeEntries } from './waiting-lanes.ts'

/** A batch may take thousands of small blocks: so many calls at once would only be throttled. */
const BLOCKS_AT_ONCE = 64

/** What a batch takes from lanes. */
export interface LanesInput extends SourceInput<'lanes'> {
  readonly kind: 'lanes'
  readonly lanes: readonly LaneInput[]
}

/** What a reader of lanes needs. */
export interface LanesReaderParts extends SourcePlace, Partial<LaneSelection> {
  /** When lanes leave. */
  readonly leaving?: LeavingTimes
  /** How a lost block is made again. Left out: the source cannot be read again. */
  readonly recovery?: BlockRecovery
  /** How redriven files are read again. Left out: the source has no files. */
  readonly readAgain?: SourceReader['readAgain']
}

/**
 * The reader of a source whose records come through lanes. Default: it reads all lanes with
 * records, including redrive lanes, and a lane waits only for its parents.
 */
export const lanesReader = ({
  isRead = isRecordLane,
  predecessors = () => new Map(),
  recovery,
  readAgain,
  leaving,
  ...place
}: LanesReaderParts): SourceReader<LanesInput> => {
  const lanes = new SourceLanes(place, { isRead, predecessors })
  let behind: Behind = NOTHING_WAITS
  return {
    kind: 'lanes',
    parts: ['lanes'],
    isPolled: false,
    reads: isRead,
    lanes: () => lanes.readAll(),
    async allocate({ offsets: { lanes: offsets = {} }, limits, lanes: read }): Promise<LanesInput> {
      const now = await lanes.withParents(offsets, read ?? (await lanes.readAll()))
      const waiting = await lanes.waitingWithin(limits, offsets, now)
      const taken = inputOf(takeEntries(waiting, limits), offsets)
      const all = waiting.flatMap(({ entries, rest }) => [...entries, rest])
      behind = {
        objects: 0,
        records: sum(all, 'count') - taken.records,
        bytes: sum(all, 'bytes') - taken.bytes,
      }
      return taken
    },
    behind: () => behind,
    read: async (input, putAside) => {
      const { whole, found } = await readBlocks(place, recovery, input)
      const partitions = await mapAtOnce(found, BLOCKS_AT_ONCE, async ({ lane, ref, block }) =>
        isRedriveLaneOfFiles(lane)
          ? readFilesAgain(place.source, block, readAgain, putAside)
          : [partitionOf(place.source, lane, { block, ref }, putAside)],
      )
      return { ...dataOf(partitions.flat(), whole), unreadable: unreadableIn(place.source, input) }
    },
    async waiting({ offsets: { lanes: offsets = {} } }): Promise<number | undefined> {
      return (await lanes.isAnyWaiting(offsets)) ? -Infinity : undefined
    },
    async takenInMs({ lanes: offsets = {} }): Promise<number | undefined> {
      const waiting = await lanes.allWaiting(offsets)
      return earliestOf(waiting.map(({ first }) => first?.receivedMs))
    },
    leave: async ({ offsets: { lanes: offsets = {} }, ...request }) => {
      const own = Object.entries(offsets).filter(([lane]) => isRead(lane))
      return leaveLanes(place, await lanes.readAll(), {
        ...leaving,
        ...request,
        offsets: Object.fromEntries(own),
      })
    },
    blocks: (input): readonly SegmentRef[] =>
      input.lanes.flatMap(({ entries, pages = [] }) => [
        ...entries.flatMap((entry) => entry.blocks),
        ...pages.map(({ ref }) => ref),
      ]),
  }
}

const inputOf = (taken: readonly LaneInput[], offsets: LaneOffsets): LanesInput => {
  const lanes = taken.filter(({ entries }) => entries.length > 0)
  const next: Record<string, string> = { ...offsets }
  for (const lane of lanes) next[lane.lane] = lastOf(lane, next[lane.lane] ?? BEGINNING)
  const entries = lanes.flatMap((lane) => lane.entries)
  return {
    kind: 'lanes',
    lanes,
    records: sum(entries, 'count'),
    bytes: sum(entries, 'bytes'),
    objects: 0,
    offsets: { lanes: next },
  }
}

/** The blocks of an input, and the input without what is lost. */
const readBlocks = async (
  place: SourcePlace,
  recovery: BlockRecovery | undefined,
  input: LanesInput,
): Promise<{
  readonly whole: LanesInput
  readonly found: readonly {
    readonly lane: string
    readonly ref: BlockRef
    readonly block: Block
  }[]
}> => {
  const blocks = input.lanes.flatMap(({ lane, entries }) =>
    entries.flatMap((entry) => entry.blocks.map((ref) => ({ lane, ref }))),
  )
  const read = await mapAtOnce(blocks, BLOCKS_AT_ONCE, async ({ lane, ref }) => ({
    lane,
    ...(await findBlock(place, lane, ref, isRedriveLane(lane) ? undefined : recovery)),
  }))
  const found = read.flatMap((one) => (one.found ? [one] : []))
  return { whole: withoutLost(input, read), found }
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

const dataOf = (
  partitions: readonly Partition<unknown>[],
  input: LanesInput,
): InputData<LanesInput> => ({
  partitions,
  input,
  records: recordsIn(partitions),
})

const partitionOf = (
  source: string,
  lane: string,
  { block, ref }: { readonly block: Block; readonly ref: BlockRef },
  putAside: PutAside,
): Partition<unknown> => ({
  records: block.records,
  steps: [],
  sizeBytes: ref.bytes,
  origin: {
    description: laneText(source, lane),
    unreadable: ref.rejected ?? 0,
    reject: (bad) =>
      putAside(deadLetterOf(source, `${lane}#${positionsOf(block)[bad.index]}`, bad)),
  },
})

/**
 * The input without the lost blocks; it lists them as lost. The offsets stay, so that no later
 * batch looks for them again.
 */
const withoutLost = (
  input: LanesInput,
  read: readonly ({ readonly lane: string } & FoundBlock)[],
): LanesInput => {
  const gone = read.flatMap((one) => (one.found ? [] : [one]))
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

const sum = (
  parts: readonly Pick<LaneEntry, 'count' | 'bytes'>[],
  field: 'count' | 'bytes',
): number => parts.reduce((total, part) => total + part[field], 0)

const lastOf = ({ lane, entries }: LaneInput, offset: string): string => {
  const last = entries.at(-1)?.last ?? offset
  const goesBack = `the offset of lane ${lane} goes back from ${offset} to ${last}`
  invariant('B6', !isAfter(offset, last), goesBack)
  return last
}
