/**
 * Ticks: messages that call the driver. A tick carries no truth: one that is lost, late, early or
 * there twice changes when a batch runs and never what is in it. So they are cheap to send too many
 * of, and the schedule of every minute makes up for those that are lost.
 *
 *   every minute:   { app, scheduleMinute: true }         the driver runs what is due, and winds the ticks of the coming minute while it is awake
 *   in the minute:  { app, atMs }               one for each batch time
 *   intake:         { app, atMs, scheduleMinute: true }   one for the first batch time after it woke the head, or one at once while there is no head;
 *                                               winds the rest of the minute
 */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Outcome } from './outcome.ts'

/** A call for the driver. */
export interface Trigger {
  readonly app: string
  /** What time it is for; undefined: now. */
  readonly atMs?: number
  /** Also wind the ticks of the minute that follows. */
  readonly scheduleMinute?: boolean
}

const MINUTE_MS = 60_000
/** The longest that a queue holds a message back. */
const DELAY_S_MAX = 900

/** A tick from the text of a message. */
export const parseTrigger = (text: string): Trigger => {
  const { app, atMs, scheduleMinute } = objectIn(text)
  if (typeof app !== 'string' || !(atMs === undefined || typeof atMs === 'number'))
    throw new MillraceError('EVENT_INVALID', {
      problem: 'A message in the queue of ticks is no tick',
      value: text,
      allowed:
        '{ "app": "NAME", "atMs": 1700000000000, "scheduleMinute": true }, the last two left out or not',
      fix: 'see who else sends to this queue: the message goes to its dead-letter queue',
    })
  return { app, ...(atMs === undefined ? {} : { atMs }), scheduleMinute: scheduleMinute === true }
}

const objectIn = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/**
 * How many whole seconds to hold a tick back: it comes at its time or a little after, never before,
 * and never later than a queue can.
 */
export const delaySeconds = (tick: Trigger, nowMs: number): number =>
  Math.min(Math.max(0, Math.ceil(((tick.atMs ?? nowMs) - nowMs) / 1_000)), DELAY_S_MAX)

/** What the driver's next calls depend on. */
export interface TriggerRequest {
  readonly app: string
  readonly outcome: Outcome
  readonly nowMs: number
  readonly intervalMs: number
  /** The ticks that were delivered. */
  readonly triggers: readonly Trigger[]
}

/**
 * The ticks to send after the driver has run. Those of the minute are wound whoever holds the
 * lease, since another minute passes before they are again. No tick makes more than one of its own
 * kind, or they would multiply.
 */
export const triggersAfter = (request: TriggerRequest): readonly Trigger[] => {
  const { app, outcome, nowMs, triggers } = request
  // At rest intake winds the next tick; after a failure the schedule looks every minute whether a
  // person has resumed it.
  if (
    outcome.kind === 'failed' ||
    outcome.kind === 'superseded' ||
    (outcome.kind === 'idle' && outcome.dueMs === undefined)
  )
    return []
  const minute = triggers.some(({ scheduleMinute }) => scheduleMinute === true)
    ? minuteFrom(outcome, request)
    : []
  const soonMs = soonestOf(outcome, request)
  const times = soonMs === undefined || minute.includes(soonMs) ? minute : [soonMs, ...minute]
  return times.map((atMs) => ({ app, atMs: Math.max(atMs, nowMs) }))
}

/** The grid of batch times begins at zero; a batch interval is a second at least. */
const nextGridTime = ({ nowMs, intervalMs }: TriggerRequest): number =>
  gridTimeAtOrAfter(nowMs + 1, 0, intervalMs)

const minuteFrom = (outcome: Outcome, request: TriggerRequest): readonly number[] => {
  const { nowMs, intervalMs } = request
  // A process that stood still since it looked has batch times behind it, hours of them perhaps:
  // one tick is enough for all.
  const latestMs = nextGridTime(request) - intervalMs
  const firstMs =
    outcome.kind === 'idle' ? Math.max(outcome.dueMs ?? Infinity, latestMs) : nextGridTime(request)
  const count = Math.max(0, Math.ceil((nowMs + MINUTE_MS - firstMs) / intervalMs))
  return Array.from({ length: count }, (_, index) => firstMs + index * intervalMs)
}

/** When to call besides, if the ticks that are there anyway come too late. */
const soonestOf = (outcome: Outcome, request: TriggerRequest): number | undefined => {
  switch (outcome.kind) {
    // The invocation's time is nearly over, and there is more to do: another one goes on.
    case 'progressed':
      return request.nowMs
    case 'retry':
      return outcome.atMs < nextGridTime(request) ? outcome.atMs : undefined
    // A tick that was meant for this batch time has come too early.
    case 'idle':
      return request.triggers.some(
        ({ atMs }) => atMs !== undefined && atMs >= (outcome.dueMs ?? Infinity),
      )
        ? outcome.dueMs
        : undefined
    default:
      return undefined
  }
}
