/**
 * Records from lanes: what receivers and streams deliver, appended by intake.
 *
 * A batch's part of a lane is all entries behind the last cut up to its own, so nothing can fall between two batches, and no clock has a
 * say in it (DESIGN: membership by receive time loses records acknowledged during a pause).
 */
import { invariant } from '../../../base/errors.ts'
import { allOrFirstError } from '../../../base/all-or-first-error.ts'
import type { ItemStore } from '../../../ports/item-store.ts'
import type { Partition } from '../../../rdd/evaluate.ts'
import { type Block, positionsOf } from '../../../state/blocks.ts'
import {
  BEGINNING,
  type BlockRef,
  entriesAfter,
  isAfter,
  type Lane,
  type LaneEntry,
  lineageOrder,
  readLane,
  readLanes,
} from '../../../state/lanes.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { deadLetterOf } from '../../../state/dead-letters.ts'
import { earlierLives } from '../kinesis/shards.ts'
import { isRedriveLane } from '../../dead-letters/redrive-lanes.ts'
import type { SourceReader, PutAside, SourceInput, InputData } from '../source-reader.ts'
import { NOTIFICATION_LANE } from '../objects/notifications.ts'
import { type BlockRecovery, findBlock, type FoundBlock } from './lost-blocks.ts'

/** The entries of one lane that a batch takes. Pinned: a batch computed again reads these blocks and no others (B7). */
export interface LaneInput {
  readonly lane: string
  readonly entries: readonly LaneEntry[]
}

export interface LanesInput extends SourceInput {
  readonly kind: 'lanes'
  readonly lanes: readonly LaneInput[]
  readonly cut: Readonly<Record<string, string>>
}

/** What of a lane lies behind the cut. */
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
  const left = (index: number): number =>
    (waiting[index]?.entries.length ?? 0) - (taken[index]?.entries.length ?? 0)
  const isOpen = (parents: readonly string[]): boolean =>
    parents.every((parent) => left(indexes.get(parent) ?? -1) === 0)
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

/** A stream that was made anew goes on where the one before it ended: its lanes come after those of the other. */
const withEarlierLives = (lanes: readonly Lane[]): readonly Lane[] => {
  const names = lanes.map(({ lane }) => lane)
  return lanes.map((lane) => ({
    ...lane,
    parents: [...lane.parents, ...earlierLives(lane.lane, names)],
  }))
}

/** What to make it of. */
export interface LanesReaderParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  /** Where the source of the records can be read again. */
  readonly recovery?: BlockRecovery
  /** Which lanes of the source are read. Default: all but the one of hints. */
  readonly isRead?: (lane: string) => boolean
}

const isNoHint = (lane: string): boolean => lane !== NOTIFICATION_LANE

/** The source of one node whose records come through lanes. */
export const lanesReader = ({
  store,
  app,
  source,
  recovery,
  isRead = isNoHint,
}: LanesReaderParts): SourceReader<LanesInput> => {
  const lanesNow = async (): Promise<readonly Lane[]> =>
    withEarlierLives((await readLanes(store, app, source)).filter(({ lane }) => isRead(lane)))

  const behind = (
    cut: Readonly<Record<string, unknown>>,
    lanes: readonly Lane[],
  ): readonly WaitingLane[] =>
    lineageOrder(lanes).map((lane) => ({
      lane: lane.lane,
      parents: lane.parents,
      entries: entriesAfter(lane, (cut[lane.lane] as string | undefined) ?? BEGINNING),
    }))

  /**
   * Lanes are not read at one moment: a child may be there with its first entry, and its parent as it was before its last one. Whoever is
   * taken from for the first time has its parents read again; by then all of theirs is there, since it was stored before.
   */
  const withParents = async (
    cut: Readonly<Record<string, unknown>>,
    lanes: readonly Lane[],
  ): Promise<readonly Lane[]> => {
    const parents = new Set(
      lanes.flatMap((lane) => (cut[lane.lane] === undefined ? lane.parents : [])),
    )
    const again = await allOrFirstError(
      [...parents].map((lane) => readLane(store, app, source, lane)),
    )
    const found = again.filter((lane) => lane !== undefined)
    return withEarlierLives([
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
    lanes: lanesNow,
    async allocate({ cut = {}, limits, lanes: read }): Promise<LanesInput> {
      const waiting = behind(cut, await withParents(cut, read ?? (await lanesNow())))
      const lanes = fill(waiting, limits).filter(({ entries }) => entries.length > 0)
      const entries = lanes.flatMap((lane) => lane.entries)
      // While a stream is bound nobody is told of objects: when a bucket is again, it is listed from the beginning.
      const { listing: _, ...positions } = cut
      const next: Record<string, string> = { ...(positions as Record<string, string>) }
      for (const lane of lanes) next[lane.lane] = lastOf(lane, next[lane.lane] ?? BEGINNING)
      return {
        kind: 'lanes',
        lanes,
        records: sum(entries, 'count'),
        bytes: sum(entries, 'bytes'),
        objects: 0,
        cut: next,
      }
    },
    async read(slice: LanesInput, putAside: PutAside): Promise<InputData<LanesInput>> {
      const blocks = slice.lanes.flatMap(({ lane, entries }) =>
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
      const whole = withoutLost(slice, read)
      return {
        partitions: read.flatMap((one) =>
          one.found ? [partitionOf(one.lane, one.block, putAside)] : [],
        ),
        slice: whole,
        records: whole.records,
      }
    },
    async waiting({ cut = {} }): Promise<number | undefined> {
      const lanes = behind(cut, await lanesNow())
      return lanes.some(({ entries }) => entries.length > 0) ? -Infinity : undefined
    },
    async takenInMs(cut = {}): Promise<number | undefined> {
      const lanes = behind(cut, await lanesNow())
      return oldestOf(lanes.flatMap(({ entries }) => entries.map(({ receivedMs }) => receivedMs)))
    },
    blocks: (slice: LanesInput): readonly SegmentRef[] =>
      slice.lanes.flatMap(({ entries }) => entries.flatMap((entry) => entry.blocks)),
  }
}

/** The least of some times; undefined: there are none. */
export const oldestOf = (times: readonly number[]): number | undefined =>
  times.length === 0 ? undefined : Math.min(...times)

/** The slice without the blocks that are nowhere any more: they stand in it as lost. Its cut stays, so that nobody looks for them again. */
const withoutLost = (
  slice: LanesInput,
  read: readonly ({ readonly lane: string } & FoundBlock)[],
): LanesInput => {
  const gone = read.flatMap((one) => (one.found ? [] : [one]))
  if (gone.length === 0) return slice
  const refs = new Set(gone.map(({ ref }) => ref))
  const lanes = slice.lanes.map(({ lane, entries }) => ({
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
    ...slice,
    lanes,
    records: sum(entries, 'count'),
    bytes: sum(entries, 'bytes'),
    lost: [...(slice.lost ?? []), ...lost],
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

const lastOf = ({ lane, entries }: LaneInput, cut: string): string => {
  const last = entries.at(-1)?.last ?? cut
  invariant('B6', !isAfter(cut, last), `the cut of lane ${lane} goes back from ${cut} to ${last}`)
  return last
}
