/**
 * Records from lanes: what receivers and streams deliver, appended by intake.
 *
 * A batch's part of a lane is all entries behind the last cut up to its own, so nothing can fall between two batches, and no clock has a
 * say in it (DESIGN: membership by receive time loses records acknowledged during a pause).
 */
import { decode } from '../../base/codec.ts'
import { invariant } from '../../base/errors.ts'
import { together } from '../../base/together.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import type { Partition } from '../../rdd/pour.ts'
import { advance, BEGINNING, type BlockRef, entriesAfter, isAfter, type Lane, type LaneEntry, readLanes } from '../../state/lanes.ts'
import { readSegment, type SegmentRef } from '../../state/segments.ts'
import { letterOf } from '../dead-letters.ts'
import type { BatchSource, PutAside, Slice, SliceData } from './batch-source.ts'

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

/** What a block holds: records in order, at consecutive positions from `first` on unless they are listed. */
export interface Block {
  readonly first: string
  readonly positions?: readonly string[]
  readonly records: readonly unknown[]
}

const positionIn = (block: Block, index: number): string => block.positions?.[index] ?? advance(block.first, index)

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

/** The source of one node whose records come through lanes. */
export const laneSource = ({
  store,
  app,
  source,
}: {
  readonly store: ItemStore
  readonly app: string
  readonly source: string
}): BatchSource<LanesSlice> => {
  const behind = async (cut: Readonly<Record<string, unknown>>): Promise<readonly LaneSlice[]> => {
    const lanes = await readLanes(store, app, source)
    return lanes.map((lane: Lane) => ({
      lane: lane.lane,
      entries: entriesAfter(lane, (cut[lane.lane] as string | undefined) ?? BEGINNING),
    }))
  }

  const readBlock = async (ref: BlockRef): Promise<Block> => {
    const block = decode(await readSegment(store, app, ref)) as Block
    invariant(
      'B7',
      block.records.length === ref.count,
      `a block of ${source} holds ${block.records.length} records and its entry says ${ref.count}`,
    )
    return block
  }

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
      const partitions = await together(slice.lanes.map((lane) => readLane(lane)))
      return { partitions: partitions.flat(), slice, records: slice.records }

      async function readLane({ lane, entries }: LaneSlice): Promise<Partition<unknown>[]> {
        const blocks = await together(entries.flatMap((entry) => entry.blocks.map((ref) => readBlock(ref))))
        return blocks.map((block) => ({
          records: block.records,
          steps: [],
          origin: {
            description: `lane ${lane} of ${source}`,
            reject: (bad) => putAside(letterOf(source, `${lane}#${positionIn(block, bad.index)}`, bad)),
          },
        }))
      }
    },
    async waiting({ cut = {} }): Promise<number | undefined> {
      const lanes = await behind(cut)
      return lanes.some(({ entries }) => entries.length > 0) ? -Infinity : undefined
    },
    blocks: (slice: LanesSlice): readonly SegmentRef[] => slice.lanes.flatMap(({ entries }) => entries.flatMap((entry) => entry.blocks)),
  }
}

const sum = (entries: readonly LaneEntry[], field: 'count' | 'bytes'): number => entries.reduce((total, entry) => total + entry[field], 0)

const lastOf = ({ lane, entries }: LaneSlice, cut: string): string => {
  const last = entries.at(-1)?.last ?? cut
  invariant('B6', !isAfter(cut, last), `the cut of lane ${lane} goes back from ${cut} to ${last}`)
  return last
}
