/**
 * Rest and wake (B12). The two sides write and read in opposite order, so that one of them always sees the other:
 *
 *   driver:  head := rest     then  read all sources    anything there: wake
 *   intake:  append           then  read the head       at rest: wake
 *
 * With either side the other way round there is a schedule in which the record lies there, the head rests, and nobody comes.
 */
import type { Head, HeadStore } from '../state/head.ts'

/**
 * Puts a running head to rest, unless anything has happened since it was read: a wake too, which changes nothing but `wakeMs`. A write that
 * was delayed on its way and sent again could otherwise arrive a second time, after the wake, and undo it.
 */
export const goToRest = async (heads: HeadStore, head: Head): Promise<boolean> => {
  const answer = await heads.swap(head, ['epoch', 'doneMs', 'generation', 'status', 'owner', 'next', 'wakeMs'], {
    ...head,
    status: 'rest',
    wakeMs: 0,
  })
  return answer.swapped
}

/**
 * Wakes a resting head: the next batch is at the first grid time from `wakeMs` on. False if it was awake or has moved. A refusal that shows
 * this very wake is taken for a success whose answer was lost: who has woken the head has to call the driver, and two calls do no harm.
 */
export const wake = async (heads: HeadStore, head: Head, wakeMs: number): Promise<boolean> => {
  if (head.status !== 'rest') return false
  const answer = await heads.swap(head, ['epoch', 'doneMs', 'generation', 'status'], { ...head, status: 'running', wakeMs })
  return answer.swapped || (answer.head?.status === 'running' && answer.head.epoch === head.epoch && answer.head.wakeMs === wakeMs)
}
