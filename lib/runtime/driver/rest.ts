/**
 * Rest and wake (B12). The two sides write and read in opposite order, so that one of them always
 * sees the other:
 *
 *   driver:  head := rest     then  read all sources    anything there: wake
 *   intake:  append           then  read the head       at rest: wake
 *
 * With either side the other way round there is a schedule in which the record lies there, the head
 * rests, and nobody comes.
 */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Head, HeadStore } from '../../state/head.ts'
import type { Manifest } from '../../state/manifest.ts'
import type { Outcome } from './outcome.ts'
import { nextBatchTime } from './schedule.ts'

/**
 * Whether all that further empty batches can do is to repeat their outputs. Every operator must
 * have been asked, at a time of its own slide, while nothing came in, nothing changed and no window
 * held anything. None may be nondeterministic.
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
 * Puts a running head to rest, until the first batch time at which a timer is due or until
 * something comes, and gives it as it is then. Undefined: something has happened since it was read.
 * A wake counts too, though it changes nothing but `wakeMs`: a write that was delayed on its way
 * and sent again could otherwise arrive a second time, after the wake, and undo it.
 */
export const goToRest = async (
  heads: HeadStore,
  head: Head,
  { timers }: Manifest,
  intervalMs: number,
): Promise<Head | undefined> => {
  const dueMs = Math.min(...Object.values(timers).map((timer) => timer.dueMs ?? Infinity))
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
 * Wakes a resting head: the next batch is at the first grid time from `wakeMs` on. False: it was
 * awake, or it has changed. A refusal that shows this very wake counts as a success whose answer
 * was lost: who has woken the head has to call the driver, and two calls do no harm.
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

/** What a driver knows when it looks at a resting head. */
export interface RestQuestion {
  /** The earliest batch time that can take something. Undefined: nothing waits in any source. */
  readonly waitingMs: number | undefined
  readonly nowMs: number
  readonly intervalMs: number
  /** Batch times that are still to come may run too. */
  readonly aheadOfClock: boolean
}

/** Whether a resting head is to wake now, or when to look again. */
export type RestAnswer =
  | { readonly kind: 'wake'; readonly wakeMs: number }
  | Extract<Outcome, { kind: 'idle' }>

/** Timers fire by the clock, even when records run ahead of it. */
export const dueAtRest = (
  head: Head,
  { waitingMs = Infinity, nowMs, intervalMs, aheadOfClock }: RestQuestion,
): RestAnswer => {
  const timerMs = head.wakeMs === 0 ? Infinity : head.wakeMs
  const horizonMs = aheadOfClock
    ? Math.max(nowMs, nextBatchTime({ ...head, wakeMs: 0 }, intervalMs))
    : nowMs
  const dueMs = Math.min(waitingMs, timerMs)
  if (waitingMs <= horizonMs || timerMs <= nowMs)
    // A file says itself when it came, and belongs to the batch time after that. All else belongs
    // to the next batch time from now.
    return { kind: 'wake', wakeMs: dueMs === -Infinity ? nowMs : dueMs }
  return dueMs === Infinity
    ? { kind: 'idle', dueMs: undefined }
    : { kind: 'idle', dueMs, isResting: true }
}
