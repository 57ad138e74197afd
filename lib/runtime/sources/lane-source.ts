/**
 * Records from lanes: what receivers and streams deliver, appended by intake.
 *
 * A batch's part of a lane is all entries behind the last cut up to its own, so nothing can fall between two batches, and no clock has a
 * say in it (DESIGN: membership by receive time loses records acknowledged during a pause).
 */
import { invariant } from '../../base/errors.ts'
import { together } from '../../base/together.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Partition } from '../../rdd/pour.ts'
import { type Block, positionsOf } from '../../state/blocks.ts'
import { BEGINNING, type BlockRef, entriesAfter, isAfter, type Lane, type LaneEntry, readLanes } from '../../state/lanes.ts'
import type { SegmentRef } from '../../state/segments.ts'
import { letterOf } from '../dead-letters.ts'
import type { BatchSource, PutAside, Slice, SliceData } from './batch-source.ts'
import { type BlockRecovery, findBlock, type FoundBlock } from './lost-blocks.ts'

/** The entries of one lane that a batch takes. Pinned: a batch computed again reads these blocks and no others (B7). */
export interface LaneSlice {
  readonly lane: string
  readonly entries: readonly LaneEntry[]
}

export interface LanesSlice extends Slice {
  readonly kind: 'lanes'
  readonly lanes: readonly LaneSlice[]
  readonly cut: Readonly<Record<string, string>>
}

/** Takes whole entries from all lanes in turn until a limit is reached; at least one entry, or a batch could never get past a large one. */
const fill = (waiting: readonly LaneSlice[], limits: { readonly records: number; readonly bytes: number }): readonly LaneSlice[] => {
  const taken = waiting.map(({ lane }) => ({ lane, entries: [] as LaneEntry[] }))
  let records = 0
  let bytes = 0
  for (let round = 0; ; round++) {
    const offered = waiting.flatMap(({ entries }, index) => entries.slice(round, round + 1).map((entry) => ({ index, entry })))
    if (offered.length === 0) return taken
    for (const { index, entry } of offered) {
      records += entry.count
      bytes += entry.bytes
      const first = taken.every(({ entries }) => entries.length === 0)
      if (!first && (records > limits.records || bytes > limits.bytes)) return taken
      taken[index]?.entries.push(entry)
    }
  }
}

/** What to make it of. */
export interface LaneSourceParts {
  readonly store: ItemStore
  readonly app: string
  /** The id of the source node. */
  readonly source: string
  /** Where the source of the records can be read again. */
  readonly recovery?: BlockRecovery
}

/** The source of one node whose records come through lanes. */
export const laneSource = ({ store, app, source, recovery }: LaneSourceParts): BatchSource<LanesSlice> => {
  const behind = async (cut: Readonly<Record<string, unknown>>): Promise<readonly LaneSlice[]> => {
    const lanes = await readLanes(store, app, source)
    return lanes.map((lane: Lane) => ({
      lane: lane.lane,
      entries: entriesAfter(lane, (cut[lane.lane] as string | undefined) ?? BEGINNING),
    }))
  }

  const partitionOf = (lane: string, block: Block, putAside: PutAside): Partition<unknown> => ({
    records: block.records,
    steps: [],
    origin: {
      description: `lane ${lane} of ${source}`,
      reject: (bad) => putAside(letterOf(source, `${lane}#${positionsOf(block)[bad.index]}`, bad)),
    },
  })

  return {
    kind: 'lanes',
    async allocate({ cut = {}, limits }): Promise<LanesSlice> {
      const lanes = fill(await behind(cut), limits).filter(({ entries }) => entries.length > 0)
      const entries = lanes.flatMap((lane) => lane.entries)
      const next: Record<string, string> = { ...(cut as Record<string, string>) }
      for (const lane of lanes) next[lane.lane] = lastOf(lane, next[lane.lane] ?? BEGINNING)
      return { kind: 'lanes', lanes, records: sum(entries, 'count'), bytes: sum(entries, 'bytes'), objects: 0, cut: next }
    },
    async read(slice: LanesSlice, putAside: PutAside): Promise<SliceData<LanesSlice>> {
      const blocks = slice.lanes.flatMap(({ lane, entries }) => entries.flatMap((entry) => entry.blocks.map((ref) => ({ lane, ref }))))
      const read = await together(
        blocks.map(async ({ lane, ref }) => ({ lane, ...(await findBlock({ store, app }, lane, ref, recovery)) })),
      )
      const whole = withoutLost(slice, read)
      return {
        partitions: read.flatMap((one) => (one.found ? [partitionOf(one.lane, one.block, putAside)] : [])),
        slice: whole,
        records: whole.records,
      }
    },
    async waiting({ cut = {} }): Promise<number | undefined> {
      const lanes = await behind(cut)
      return lanes.some(({ entries }) => entries.length > 0) ? -Infinity : undefined
    },
    blocks: (slice: LanesSlice): readonly SegmentRef[] => slice.lanes.flatMap(({ entries }) => entries.flatMap((entry) => entry.blocks)),
  }
}

/** The slice without the blocks that are nowhere any more: they stand in it as lost. Its cut stays, so that nobody looks for them again. */
const withoutLost = (slice: LanesSlice, read: readonly ({ readonly lane: string } & FoundBlock)[]): LanesSlice => {
  const gone = read.flatMap((one) => (one.found ? [] : [one]))
  if (gone.length === 0) return slice
  const refs = new Set(gone.map(({ ref }) => ref))
  const lanes = slice.lanes.map(({ lane, entries }) => ({ lane, entries: entries.map((entry) => entryOf(entry, refs)) }))
  const entries = lanes.flatMap((lane) => lane.entries)
  const lost = gone.map(({ lane, ref, reason }) => ({ lane, first: ref.first, last: ref.at, records: ref.count, reason }))
  return { ...slice, lanes, records: sum(entries, 'count'), bytes: sum(entries, 'bytes'), lost: [...(slice.lost ?? []), ...lost] }
}

const entryOf = (entry: LaneEntry, lost: ReadonlySet<BlockRef>): LaneEntry => {
  const blocks = entry.blocks.filter((ref) => !lost.has(ref))
  return { ...entry, blocks, count: sum(blocks, 'count'), bytes: sum(blocks, 'bytes') }
}

const sum = (parts: readonly Pick<LaneEntry, 'count' | 'bytes'>[], field: 'count' | 'bytes'): number =>
  parts.reduce((total, part) => total + part[field], 0)

const lastOf = ({ lane, entries }: LaneSlice, cut: string): string => {
  const last = entries.at(-1)?.last ?? cut
  invariant('B6', !isAfter(cut, last), `the cut of lane ${lane} goes back from ${cut} to ${last}`)
  return last
}
