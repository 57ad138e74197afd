/**
 * The dead letters of a delivery. Until its append is acknowledged, a delivery comes again, perhaps
 * on another day or with other bounds. Its dead letters keep the time under which they were first
 * stored, so that each record has one. Those of redelivered records are stored already.
 */
import type { Clock } from '../../ports/clock.ts'
import { MillraceError } from '../../base/errors.ts'
import type { Item, ItemStore } from '../../ports/item-store.ts'
import {
  type DeadLetter,
  DEAD_LETTERS_KEPT_MS,
  storeDeadLetters,
  ttlAfter,
} from '../../state/dead-letters.ts'
import { rejectedTimeKey } from '../../state/item-keys.ts'
import { BEGINNING, isAfter } from '../../state/lane-entries.ts'
import { readLane } from '../../state/lanes.ts'
import { withRetries } from '../retry.ts'

/** What is needed to store the dead letters of a source. */
export interface RejectedParts {
  readonly app: string
  readonly source: string
  readonly store: ItemStore
  readonly clock: Clock
  readonly deadLettersKeptMs?: number
}

/** The records of a delivery that could not be read, in the order of their positions. */
export interface Rejected {
  readonly lane: string
  readonly rejected: readonly DeadLetter[]
  /** The last position of the delivery. */
  readonly last: string
}

const positionIn = (lane: string, { position }: DeadLetter): string =>
  position.slice(lane.length + 1)

/** The dead letters of a delivery after the tail of its lane. */
export const rejectedAfter = (
  { lane, rejected = [] }: Partial<Rejected> & Pick<Rejected, 'lane'>,
  tail: string,
): readonly DeadLetter[] =>
  rejected.filter((deadLetter) => isAfter(positionIn(lane, deadLetter), tail))

/** Of the processes that collide, one succeeds. */
const TRIES_MAX = 16

/**
 * Stores the dead letters of a delivery that are not stored yet. The time under which it does so is
 * noted first.
 *
 * A process may remember an old tail. So the tail is read again, after the note: what is after that
 * tail was stored by nobody who has noted a later time since. And the note is written only if it is
 * as it was read, so that two processes with the same delivery use the same time.
 */
export const storeRejected = async (
  parts: RejectedParts,
  { lane, rejected, last }: Rejected,
  nowMs: number,
): Promise<void> => {
  if (rejected.length === 0) return
  const { app, source, store, clock, deadLettersKeptMs: keptMs = DEAD_LETTERS_KEPT_MS } = parts
  const key = rejectedTimeKey(app, source, lane)
  for (let tries = 1; tries <= TRIES_MAX; tries++) {
    const noted = await withRetries(clock, () => store.get(key))
    const seen = await withRetries(clock, () => readLane(store, app, source, lane))
    const fresh = rejectedAfter({ lane, rejected }, seen?.tail ?? BEGINNING)
    const [first] = fresh
    if (first === undefined) return
    const { timeMs, upTo } = timeOf(noted, positionIn(lane, first), { last, nowMs })
    const next = { timeMs, upTo, ...ttlAfter(nowMs, keptMs) }
    const answer = await withRetries(clock, () => store.compareAndSet(key, noted ?? 'absent', next))
    // A refusal that shows the same note is a success whose answer was lost.
    const stored = answer.swapped ? next : answer.current
    if (stored?.['timeMs'] === timeMs && stored['upTo'] === upTo)
      return withRetries(clock, () => storeDeadLetters(store, app, fresh, { timeMs, keptMs }))
  }
  throw new MillraceError('STORE_FAILED', {
    problem: `Other processes put records of lane ${lane} of ${source} aside all the time`,
    retryable: true,
    fix: 'let fewer functions append at the same time; the source delivers again',
  })
}

/** The time for a delivery, and up to which position that time is noted. */
const timeOf = (
  noted: Item | undefined,
  first: string,
  { last, nowMs }: { readonly last: string; readonly nowMs: number },
): { readonly timeMs: number; readonly upTo: string } => {
  const notedUpTo = String(noted?.['upTo'] ?? '0')
  return {
    timeMs: isAfter(first, notedUpTo) ? nowMs : Number(noted?.['timeMs']),
    upTo: isAfter(notedUpTo, last) ? notedUpTo : last,
  }
}
