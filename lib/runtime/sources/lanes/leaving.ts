/**
 * Lanes that leave. A stream that is resharded every day has thousands of shards in its life, and
 * each has a lane. Table, head and manifest hold only what lives:
 *
 * 1. A lane in which nothing came for a day, and of which all is consumed, is emptied. Its tail
 *    stays, so what is delivered again is dropped (B1). Its writer changes too, so a process that
 *    saw the lane before cannot bring its old entries back.
 * 2. Every entry after that is new. So the lane needs no offset, and the next batch leaves it out.
 * 3. When the source cannot bring the records of the lane again, and no replay needs its blocks,
 *    the item gets a TTL.
 *
 * A lane that gets something after all simply goes on: the append writes it whole.
 *
 * The times decide when the table gets smaller, and not what is in a batch. An intake with a wrong
 * clock can only have its lane emptied early, which does no harm. The time of step 3 counts from
 * step 1, by the clock of the driver, and all records of the lane are older than that.
 */
import { mapAtOnce } from '../../../base/concurrency.ts'
import { greatestOf } from '../../../base/extremes.ts'
import { MARKS_KEPT_LONGER_MS } from '../../../state/dead-letters.ts'
import { type Lane, swapLane } from '../../../state/lanes.ts'
import type { LaneOffsets } from '../../../state/offsets.ts'
import { isRedriveLane } from '../../dead-letters/redrive-lanes.ts'
import type { SourcePlace } from '../source-kind.ts'
import type { LeaveRequest } from '../source-reader.ts'

const DAY_MS = 86_400_000
/** An item with a TTL stays longer than a process that holds an old delivery could live. */
const REMOVED_AFTER_MS = 7 * DAY_MS
const LANES_AT_ONCE = 16

/** How long the source can bring the records of a lane again, in milliseconds. */
export type Retention = (lane: string) => Promise<number>

/** When lanes leave, in milliseconds. */
export interface LeavingTimes {
  /** A lane is emptied when nothing came for this long. Default: a day. */
  readonly quietMs?: number
  /**
   * Made anew each time that lanes leave: tells how long the source can bring the records of a lane
   * again. Default: for ever, so only redrive lanes are removed.
   */
  readonly retention?: () => Retention
}

/** What a request to leave says about lanes. */
export type LanesLeaving = Omit<LeaveRequest, 'offsets'> &
  LeavingTimes & { readonly offsets: LaneOffsets }

/**
 * Lets lanes leave. `lanes` were read after the offsets. Returns the offsets that a batch may leave
 * out, unless they have changed since.
 */
export const leaveLanes = async (
  place: SourcePlace,
  lanes: readonly Lane[],
  leaving: LanesLeaving,
): Promise<LaneOffsets> => {
  const { offsets, nowMs, doneMs, by, quietMs = DAY_MS } = leaving
  const retentionMs = leaving.retention?.() ?? (async () => Infinity)
  const left = await mapAtOnce(lanes, LANES_AT_ONCE, async (lane) => {
    if (lane.emptiedMs !== undefined) {
      await removeLater(place, lane, lane.emptiedMs, { ...leaving, retentionMs })
      return [[lane.lane, lane.tail] as const]
    }
    if (offsets[lane.lane] !== lane.tail || nowMs - lastMs(lane) < quietMs) return []
    const times = { emptiedMs: nowMs, emptiedAfterMs: doneMs }
    const emptied: Lane = { ...lane, pages: [], entries: [], by, ...times }
    const { swapped } = await swapLane(place.store, place.app, lane, emptied)
    return swapped ? [[lane.lane, lane.tail] as const] : []
  })
  return Object.fromEntries([...left.flat(), ...removed(offsets, lanes)])
}

/** The newest entry is never in a page. */
const lastMs = ({ entries }: Lane): number =>
  greatestOf([0, ...entries.map(({ receivedMs }) => receivedMs)])

/** A lane with an offset was in the table. It is not there only if the store has removed it. */
const removed = (
  offsets: LaneOffsets,
  lanes: readonly Lane[],
): readonly (readonly [string, string])[] => {
  const there = new Set(lanes.map(({ lane }) => lane))
  return Object.entries(offsets).filter(([lane]) => !there.has(lane))
}

const removeLater = async (
  { store, app }: SourcePlace,
  lane: Lane,
  emptiedMs: number,
  {
    nowMs,
    by,
    deadLettersKeptMs,
    consumedMs,
    retentionMs,
  }: LanesLeaving & { readonly retentionMs: Retention },
): Promise<void> => {
  const { emptiedAfterMs = -Infinity } = lane
  // A sweep finds its blocks by the lane, when no replay needs them any more.
  if (lane.ttl !== undefined || nowMs - emptiedMs < DAY_MS || emptiedAfterMs > consumedMs) return
  // A reservation names its redrive lane, and its command may be finished as long as it is kept.
  const keptMs = isRedriveLane(lane.lane)
    ? 2 * deadLettersKeptMs + MARKS_KEPT_LONGER_MS
    : await retentionMs(lane.lane)
  if (nowMs - emptiedMs < keptMs + DAY_MS) return
  const ttl = Math.ceil((nowMs + REMOVED_AFTER_MS) / 1_000)
  await swapLane(store, app, lane, { ...lane, by, ttl })
}
