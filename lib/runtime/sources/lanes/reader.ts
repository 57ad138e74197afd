/**
 * Reads records from lanes. Intake has appended there what receivers and streams deliver.
 *
 * A batch takes all entries of a lane from the offset of the last batch up to its own offset. So
 * nothing can fall between two batches, and no clock matters. (Membership by receive time would
 * lose records that were acknowledged during a pause.)
 */
import { invariant } from '../../../base/errors.ts'
import { BEGINNING, isAfter } from '../../../state/lane-entries.ts'
import { isRecordLane } from '../../../state/lanes.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import type { SegmentRef } from '../../../state/segments.ts'
import { type Behind, earliestOf, NOTHING_WAITS, type SourceReader } from '../source-reader.ts'
import { leaveLanes, type LeavingTimes } from './leaving.ts'
import { type LanesInput, type LanesReading, readInput, sum } from './read-input.ts'
import { type LaneInput, type LaneSelection, SourceLanes, takeEntries } from './waiting-lanes.ts'

/** What a reader of lanes needs. */
export interface LanesReaderParts extends LanesReading, Partial<LaneSelection> {
  /** When lanes leave. */
  readonly leaving?: LeavingTimes
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
    intakeUsed: () => lanes.intakeUsed,
    read: (input, putAside, isRetry = false) =>
      readInput(input, { ...place, recovery, readAgain, putAside, isRetry }),
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

const lastOf = ({ lane, entries }: LaneInput, offset: string): string => {
  const last = entries.at(-1)?.last ?? offset
  const goesBack = `the offset of lane ${lane} goes back from ${offset} to ${last}`
  invariant('B6', !isAfter(offset, last), goesBack)
  return last
}
