/**
 * Records from lanes: what receivers, streams and queues deliver, appended by intake.
 *
 * A batch takes all entries of a lane from the offset of the last batch up to its own, so nothing can
 * fall between two batches, and no clock has a say in it. (Membership by receive time would lose
 * records that were acknowledged during a pause.)
 */
import { invariant } from '../../../base/errors.ts'
import { allOrFirstError } from '../../../base/all-or-first-error.ts'
import type { Partition } from '../../../rdd/evaluate.ts'
import { type Block, positionsOf } from '../../../state/blocks.ts'
import { deadLetterOf } from '../../../state/dead-letters.ts'
import {
  BEGINNING,
  type BlockRef,
  entriesAfter,
  isAfter,
  isRecordLane,
  type Lane,
  type LaneEntry,
  lineageOrder,
  readLane,
  readLanes,
} from '../../../state/lanes.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { isRedriveLane } from '../../dead-letters/redrive-lanes.ts'
import type { SourcePlace } from '../source-kind.ts'
import {
  earliestOf,
  type InputData,
  type PutAside,
  type SourceInput,
  type SourceReader,
} from '../source-reader.ts'
import { type BlockRecovery, findBlock, type FoundBlock } from './lost-blocks.ts'

/** The entries of one lane that a batch takes. A batch that is computed again reads these (B7). */
export interface LaneInput {
  readonly lane: string
  readonly entries: readonly LaneEntry[]
}

/** What a batch takes from lanes. */
export interface LanesInput extends SourceInput<'lanes'> {
  readonly kind: 'lanes'
  readonly lanes: readonly LaneInput[]
}

/** What of a lane lies after its offset. */
interface WaitingLane extends LaneInput {
  readonly parents: readonly string[]
}

/**
 * Takes whole entries from all lanes in turn until a limit is reached; at least one entry, or a batch could never get past a large one. From
 * a lane with parents only when nothing of theirs is left: so the records of a key stay in order when its shard is split or merged.
 */
const fill = (
  waiting: readonly WaitingLane[],
  limits: { readonly records: number; readonly bytes: number },
): readonly LaneInput[] => {
  const taken = waiting.map(({ lane }) => ({ lane, entries: [] as LaneEntry[] }))
  const indexes = new Map(waiting.map(({ lane }, index) => [lane, index]))
  const roomFor = (index: number): number =>
    (waiting[index]?.entries.length ?? 0) - (taken[index]?.entries.length ?? 0)
  const isOpen = (parents: readonly string[]): boolean =>
    parents.every((parent) => roomFor(indexes.get(parent) ?? -1) === 0)
  let records = 0
  let bytes = 0
  for (let offered = true; offered;) {
    offered = false
    for (const [index, { parents, entries }] of waiting.entries()) {
      const entry = entries[taken[index]?.entries.length ?? 0]
      if (entry === undefined || !isOpen(parents)) continue
      offered = true
      records += entry.count
      bytes += entry.bytes
      const first = taken.every((lane) => lane.entries.length === 0)
      if (!first && (records > limits.records || bytes > limits.bytes)) return taken
      taken[index]?.entries.push(entry)
    }
  }
  return taken
}

/** How lanes are read. */
export interface LanesReaderParts extends SourcePlace {
  /** How a lost block is made again. Left out: the source cannot be read again. */
  readonly recovery?: BlockRecovery
  /** Which lanes are read. Default: all that hold records, those of redrives among them. */
  readonly isRead?: (lane: string) => boolean
  /** Which of some lanes must be drained before a lane, besides its parents. Default: none. */
  readonly predecessors?: (lane: string, lanes: readonly string[]) => readonly string[]
}

/** The reader of a source whose records come through lanes. */
export const lanesReader = ({
  store,
  app,
  source,
  recovery,
  isRead = isRecordLane,
  predecessors = () => [],
}: LanesReaderParts): SourceReader<LanesInput> => {
  const withPredecessors = (lanes: readonly Lane[]): readonly Lane[] => {
    const names = lanes.map(({ lane }) => lane)
    return lanes.map((lane) => ({
      ...lane,
      parents: [...lane.parents, ...predecessors(lane.lane, names)],
    }))
  }

  const lanesNow = async (): Promise<readonly Lane[]> =>
    withPredecessors((await readLanes(store, app, source)).filter(({ lane }) => isRead(lane)))

  const waitingIn = (offsets: LaneOffsets, lanes: readonly Lane[]): readonly WaitingLane[] =>
    lineageOrder(lanes).map((lane) => ({
      lane: lane.lane,
      parents: lane.parents,
      entries: entriesAfter(lane, offsets[lane.lane] ?? BEGINNING),
    }))

  /**
   * Lanes are not read at one moment: a child may be there with its first entry, and its parent as it
   * was before its last one. When a lane is taken from for the first time, its parents are read
   * again. By then all of theirs is there, since it was stored before.
   */
  const withParents = async (
    offsets: LaneOffsets,
    lanes: readonly Lane[],
  ): Promise<readonly Lane[]> => {
    const parents = new Set(
      lanes.flatMap((lane) => (offsets[lane.lane] === undefined ? lane.parents : [])),
    )
    const again = await allOrFirstError(
      [...parents].map((lane) => readLane(store, app, source, lane)),
    )
    const found = again.filter((lane) => lane !== undefined)
    return withPredecessors([
      ...lanes.filter(({ lane }) => !found.some((parent) => parent.lane === lane)),
      ...found,
    ])
  }

  const partitionOf = (lane: string, block: Block, putAside: PutAside): Partition<unknown> => ({
    records: block.records,
    steps: [],
    origin: {
      description: `lane ${lane} of ${source}`,
      reject: (bad) =>
        putAside(deadLetterOf(source, `${lane}#${positionsOf(block)[bad.index]}`, bad)),
    },
  })

  return {
    kind: 'lanes',
    parts: ['lanes'],
    isPolled: false,
    lanes: lanesNow,
    async allocate({ offsets: { lanes: offsets = {} }, limits, lanes: read }): Promise<LanesInput> {
      const waiting = waitingIn(offsets, await withParents(offsets, read ?? (await lanesNow())))
      const lanes = fill(waiting, limits).filter(({ entries }) => entries.length > 0)
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
    },
    async read(input: LanesInput, putAside: PutAside): Promise<InputData<LanesInput>> {
      const blocks = input.lanes.flatMap(({ lane, entries }) =>
        entries.flatMap((entry) => entry.blocks.map((ref) => ({ lane, ref }))),
      )
      const read = await allOrFirstError(
        blocks.map(async ({ lane, ref }) => ({
          lane,
          ...(await findBlock(
            { store, app },
            lane,
            ref,
            isRedriveLane(lane) ? undefined : recovery,
          )),
        })),
      )
      const whole = withoutLost(input, read)
      return {
        partitions: read.flatMap((one) =>
          one.found ? [partitionOf(one.lane, one.block, putAside)] : [],
        ),
        input: whole,
        records: whole.records,
      }
    },
    async waiting({ offsets: { lanes: offsets = {} } }): Promise<number | undefined> {
      const lanes = waitingIn(offsets, await lanesNow())
      return lanes.some(({ entries }) => entries.length > 0) ? -Infinity : undefined
    },
    async takenInMs({ lanes: offsets = {} }): Promise<number | undefined> {
      const lanes = waitingIn(offsets, await lanesNow())
      return earliestOf(
        lanes.flatMap(({ entries }) => entries.map(({ receivedMs }) => receivedMs)),
      )
    },
    blocks: (input: LanesInput): readonly SegmentRef[] =>
      input.lanes.flatMap(({ entries }) => entries.flatMap((entry) => entry.blocks)),
  }
}

/** The input without the blocks that are nowhere any more: they stand in it as lost. Its offsets stay, so that nobody looks for them again. */
const withoutLost = (
  input: LanesInput,
  read: readonly ({ readonly lane: string } & FoundBlock)[],
): LanesInput => {
  const gone = read.flatMap((one) => (one.found ? [] : [one]))
  if (gone.length === 0) return input
  const refs = new Set(gone.map(({ ref }) => ref))
  const lanes = input.lanes.map(({ lane, entries }) => ({
    lane,
    entries: entries.map((entry) => entryOf(entry, refs)),
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
