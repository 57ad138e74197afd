/**
 * Triggers: messages that call the driver. A trigger carries no truth. If it is lost, late, early
 * or duplicated, this changes when a batch runs, never what is in it. So sending too many is
 * harmless, and the trigger of the next minute makes up for lost ones.
 *
 * - Every minute, `{ app, scheduleMinute: true }`: the driver runs what is due. While it is awake,
 *   it schedules the triggers of the coming minute.
 * - In the minute, `{ app, atMs }`: one for each batch time.
 * - From intake, `{ app, atMs, scheduleMinute: true }`: one for the first batch time after intake
 *   woke the head, or one immediately while there is no head. The driver schedules the rest of the
 *   minute.
 */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Outcome } from './outcome.ts'

/** A call for the driver. */
export interface Trigger {
  readonly app: string
  /** The time for which it is meant. Undefined: now. */
  readonly atMs?: number
  /** Also schedule the triggers of the coming minute. */
  readonly scheduleMinute?: boolean
}

const MINUTE_MS = 60_000
/** The longest delay of a message in a queue. */
const DELAY_S_MAX = 900

/**
 * Parses a trigger.
 *
 * @throws MillraceError `EVENT_INVALID` when the text is not a trigger.
 */
export const parseTrigger = (text: string): Trigger => {
  const { app, atMs, scheduleMinute } = objectIn(text)
  if (typeof app !== 'string' || !(atMs === undefined || typeof atMs === 'number'))
    throw new MillraceError('EVENT_INVALID', {
      problem: 'A message in the queue of triggers is not a trigger',
      value: text,
      allowed:
        '{ "app": "NAME", "atMs": 1700000000000, "scheduleMinute": true }; ' +
        'the last two are optional',
      fix: 'find out what else sends to this queue. The message goes to its dead-letter queue',
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
 * The delay of a trigger in whole seconds. So the trigger arrives at its time or a little later,
 * never earlier. The delay is at most what a queue allows.
 */
export const delaySeconds = ({ atMs }: Trigger, nowMs: number): number =>
  Math.min(Math.max(0, Math.ceil(((atMs ?? nowMs) - nowMs) / 1_000)), DELAY_S_MAX)

/** What the next calls of the driver depend on. */
export interface TriggerRequest {
  readonly app: string
  readonly outcome: Outcome
  readonly nowMs: number
  readonly intervalMs: number
  /** The triggers that were delivered. */
  readonly triggers: readonly Trigger[]
}

/**
 * The triggers to send after the driver has run. The triggers of the minute are scheduled even if
 * another runner holds the lease, since the next chance to schedule them is a minute later. No
 * trigger makes more than one of its own kind, or they would multiply.
 */
export const triggersAfter = (request: TriggerRequest): readonly Trigger[] => {
  const { app, outcome, nowMs, triggers } = request
  // At rest, intake schedules the next trigger. After a failure, the trigger of every minute checks
  // whether an operator has resumed the application.
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

/** The grid of batch times starts at zero. A batch interval is at least one second. */
const nextGridTime = ({ nowMs, intervalMs }: TriggerRequest): number =>
  gridTimeAtOrAfter(nowMs + 1, 0, intervalMs)

const minuteFrom = (outcome: Outcome, request: TriggerRequest): readonly number[] => {
  const { nowMs, intervalMs } = request
  // A process that was frozen since it read the head may have missed hours of batch times: one
  // trigger is enough for all of them.
  const latestMs = nextGridTime(request) - intervalMs
  const firstMs =
    outcome.kind === 'idle' ? Math.max(outcome.dueMs ?? Infinity, latestMs) : nextGridTime(request)
  const count = Math.max(0, Math.ceil((nowMs + MINUTE_MS - firstMs) / intervalMs))
  return Array.from({ length: count }, (_, index) => firstMs + index * intervalMs)
}

/** When else to call the driver, if the triggers that exist anyway come too late. */
const soonestOf = (outcome: Outcome, request: TriggerRequest): number | undefined => {
  switch (outcome.kind) {
    // The invocation must end, and there is more to do: another invocation continues.
    case 'progressed':
      return request.nowMs
    case 'retry':
      return outcome.atMs < nextGridTime(request) ? outcome.atMs : undefined
    // A trigger for this batch time has come too early.
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
