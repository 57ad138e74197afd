/**
 * How far the event time of a stream has come. It follows from the records of committed batches and
 * from batch times alone. So it is the same in a batch that is tried again, in another process and
 * in a replay, and the order of the lanes in a batch makes no difference.
 */
import { greatestOf, leastOf } from '../../base/extremes.ts'

/** What is kept of a lane: its latest event time, and the batch time of its last record. */
export type LaneTime = readonly [lane: string, latestMs: number, seenMs: number]

/** What is known after a batch. Times are epoch milliseconds. */
export interface EventTime {
  /** No window that ends at or before it is open. It never goes back. Undefined: no record yet. */
  readonly watermarkMs?: number
  /** The latest event time of all lanes. */
  readonly latestMs?: number
  /** The lanes that are not idle, in the order of their names. */
  readonly lanes: readonly LaneTime[]
  /** How many records were late so far. Left out: none. */
  readonly late?: number
}

/** The watermark before a batch, and in it. Undefined: there is none. */
export interface Watermark {
  readonly before: number | undefined
  readonly now: number | undefined
}

/** How the watermark follows the records. */
export interface WatermarkRule {
  /** How much older than the latest record of its lane a record may be. */
  readonly latenessMs: number
  /** A lane without a record for longer than this, in batch time, does not count. */
  readonly idleMs: number
}

/** Before the first record. */
export const NO_EVENT_TIME: EventTime = Object.freeze({ lanes: [] })

/**
 * Event time after the batch at `timeMs`. `seen`: the latest event time of each lane that has
 * records in the batch.
 */
export const advanceEventTime = (
  eventTime: EventTime | undefined,
  seen: ReadonlyMap<string, number>,
  timeMs: number,
  { latenessMs, idleMs }: WatermarkRule,
): EventTime => {
  const { watermarkMs: before, latestMs: latestBefore, ...known } = eventTime ?? NO_EVENT_TIME
  const isActive = ([, , seenMs]: LaneTime): boolean => timeMs - seenMs <= idleMs
  // A lane that was idle begins anew, whether a batch has run meanwhile or not.
  const lanes = new Map(known.lanes.filter(isActive).map((one) => [one[0], one]))
  for (const [lane, latestMs] of seen)
    lanes.set(lane, [lane, Math.max(latestMs, lanes.get(lane)?.[1] ?? -Infinity), timeMs])
  const active = [...lanes.values()]
  const times = active.map(([, latestMs]) => latestMs)
  const latestMs = greatestOf([latestBefore ?? -Infinity, ...times])
  if (latestMs === -Infinity) return { ...known, lanes: [] }
  // When all lanes are idle, none holds the others.
  const lastMs = active.length === 0 ? latestMs : leastOf(times)
  return {
    ...known,
    watermarkMs: Math.max(before ?? -Infinity, lastMs - latenessMs),
    latestMs,
    lanes: active.toSorted(([a], [b]) => (a < b ? -1 : 1)),
  }
}

/**
 * The batch time from which on a lane is idle that holds the watermark. Undefined: time alone
 * changes nothing.
 */
export const idleDueMs = (
  { lanes, latestMs = -Infinity }: EventTime,
  { idleMs }: WatermarkRule,
): number | undefined => {
  const holding = lanes.filter(([, ofLane]) => ofLane < latestMs)
  return holding.length === 0
    ? undefined
    : leastOf(holding.map(([, , seenMs]) => seenMs)) + idleMs + 1
}
