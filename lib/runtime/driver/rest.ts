/**
 * Rest and wake (B12). The two sides write and read in opposite order, so that one of them always sees the other:
 *
 *   driver:  head := rest     then  read all sources    anything there: wake
 *   intake:  append           then  read the head       at rest: wake
 *
 * With either side the other way round there is a schedule in which the record lies there, the head rests, and nobody comes.
 */
import { gridTimeAtOrAfter } from '../../base/batch-time.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { Head, HeadStore } from '../../state/head.ts'
import type { Manifest } from '../../state/manifest.ts'

/**
 * Whether all that further empty batches can do is to repeat their outputs. Every operator must have been asked, at a time of its own slide,
 * while nothing came in, nothing changed and no window held anything; and none may change its mind on equal input.
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
 * Puts a running head to rest, until the first batch time at which something is expected or until something comes, and gives it as it is
 * then; undefined if anything has happened since it was read: a wake too, which changes nothing but `wakeMs`. A write that was delayed on its
 * way and sent again could otherwise arrive a second time, after the wake, and undo it.
 */
export const goToRest = async (
  heads: HeadStore,
  head: Head,
  { expected }: Manifest,
  intervalMs: number,
): Promise<Head | undefined> => {
  const expectedMs = gridTimeAtOrAfter(
    Math.min(...Object.values(expected)),
    head.zeroMs,
    intervalMs,
  )
  const rest: Head = {
    ...head,
    status: 'rest',
    wakeMs: Number.isFinite(expectedMs) ? expectedMs : 0,
  }
  const answer = await heads.swap(
    head,
    ['epoch', 'doneMs', 'generation', 'status', 'owner', 'next', 'wakeMs'],
    rest,
  )
  return answer.swapped ? rest : undefined
}

/**
 * Wakes a resting head: the next batch is at the first grid time from `wakeMs` on. False if it was awake or has moved. A refusal that shows
 * this very wake is taken for a success whose answer was lost: who has woken the head has to call the driver, and two calls do no harm.
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

/** When a resting head is to wake by itself: when something is expected though nothing comes in. */
export const expectedAt = ({ wakeMs }: Head): number | undefined =>
  wakeMs === 0 ? undefined : wakeMs
