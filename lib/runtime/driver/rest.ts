/**
 * Rest and wake (B12). Driver and intake each write first and read second, and each reads what the
 * other writes. So at least one of them sees the other:
 *
 *   driver:  head := rest     then  read all sources    anything there: wake
 *   intake:  append           then  read the head       at rest: wake
 *
 * If either side reads first, there is a schedule in which a record waits, the head rests, and
 * nothing wakes it.
 */
import { leastOf } from '../../base/extremes.ts'
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Head, HeadStore } from '../../state/head.ts'
import type { Manifest } from '../../state/manifest.ts'
import type { Outcome } from './outcome.ts'
import { nextBatchTime } from './schedule.ts'

/**
 * Whether further empty batches would only repeat their outputs. Every operator must have run at a
 * time of its own slide while there was no input, nothing changed and all windows were empty. No
 * operator may be nondeterministic.
 */
export const mayRestAfter = (
  { options, operators, slideMsMax }: Plan,
  { timeMs, quietSinceMs }: Manifest,
): boolean => {
  if (
    options.whenIdle !== 'rest' ||
    quietSinceMs === undefined ||
    operators.some(({ node }) => node.nondeterministic)
  )
    return false
  return timeMs - quietSinceMs + options.intervalMs >= slideMsMax
}

/**
 * Puts a running head to rest, until input arrives or until the first batch time at which a timer
 * is due. Returns the resting head. Undefined: the head has changed since it was read.
 *
 * The condition includes `wakeMs`, so a wake counts as a change too. Otherwise a rest that was
 * delayed on its way and sent again could arrive a second time, after the wake, and undo the wake.
 */
export const goToRest = async (
  heads: HeadStore,
  head: Head,
  { timers }: Manifest,
  intervalMs: number,
): Promise<Head | undefined> => {
  const dueMs = leastOf(Object.values(timers).map((timer) => timer.dueMs ?? Infinity))
  const wakeMs = gridTimeAtOrAfter(dueMs, head.zeroMs, intervalMs)
  const rest: Head = { ...head, status: 'rest', wakeMs: Number.isFinite(wakeMs) ? wakeMs : 0 }
  const answer = await heads.swap(
    head,
    ['epoch', 'doneMs', 'generation', 'status', 'owner', 'next', 'wakeMs'],
    rest,
  )
  return answer.swapped ? rest : undefined
}

/**
 * Wakes a resting head: the next batch is at the first grid time at or after `wakeMs`. False: the
 * head was awake, or it has changed. A refusal that shows this same wake is a success whose answer
 * was lost: the process that woke the head must call the driver, and two calls do no harm.
 */
export const wake = async (heads: HeadStore, head: Head, wakeMs: number): Promise<boolean> => {
  if (head.status !== 'rest') return false
  const answer = await heads.swap(head, ['epoch', 'doneMs', 'generation', 'status'], {
    ...head,
    status: 'running',
    wakeMs,
  })
  return (
    answer.swapped ||
    (answer.head?.status === 'running' &&
      answer.head.epoch === head.epoch &&
      answer.head.wakeMs === wakeMs)
  )
}

/** What a driver knows about a resting application. */
export interface RestQuestion {
  /** The earliest batch time that can take something. Undefined: nothing waits in any source. */
  readonly waitingMs: number | undefined
  readonly nowMs: number
  readonly intervalMs: number
  /** Whether future batch times may run too. */
  readonly aheadOfClock: boolean
  /** Whether timers may fire ahead of the clock. Default: false. */
  readonly untilIdle?: boolean
}

/** Whether a resting head must wake now, or when to look again. */
export type RestAnswer =
  | { readonly kind: 'wake'; readonly wakeMs: number }
  | Extract<Outcome, { kind: 'idle' }>

/**
 * Decides whether a resting head must wake. Timers fire by the clock, even when records run ahead
 * of it, unless the run goes on until nothing is left.
 */
export const dueAtRest = (
  head: Head,
  { waitingMs = Infinity, nowMs, intervalMs, aheadOfClock, untilIdle = false }: RestQuestion,
): RestAnswer => {
  const timerMs = head.wakeMs === 0 ? Infinity : head.wakeMs
  const horizonMs = aheadOfClock
    ? Math.max(nowMs, nextBatchTime({ ...head, wakeMs: 0 }, intervalMs))
    : nowMs
  const dueMs = Math.min(waitingMs, timerMs)
  const mayFire = timerMs <= nowMs || (untilIdle && timerMs < Infinity)
  if (waitingMs <= horizonMs || mayFire)
    // A file has a time of its own, and belongs to the next batch time after it. All other input
    // belongs to the next batch time from now.
    return { kind: 'wake', wakeMs: dueMs === -Infinity ? nowMs : dueMs }
  return dueMs === Infinity
    ? { kind: 'idle', dueMs: undefined }
    : { kind: 'idle', dueMs, isResting: true }
}
