/**
 * The dead letters of a delivery. Until its append is acknowledged, a delivery comes again, perhaps
 * on another day or with other bounds. Its dead letters keep the time under which they were first
 * stored, so that each record has one. Those of redelivered records are stored already.
 */
import type { Clock } from '../../ports/clock.ts'
import type { ItemStore } from '../../ports/item-store.ts'
import {
  type DeadLetter,
  DEAD_LETTERS_KEPT_MS,
  storeDeadLetters,
  ttlAfter,
} from '../../state/dead-letters.ts'
import { rejectedTimeKey } from '../../state/item-keys.ts'
import { isAfter } from '../../state/lane-entries.ts'
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

/** Stores the dead letters of a delivery. The time under which it does so is noted first. */
export const storeRejected = async (
  { app, source, store, clock, deadLettersKeptMs: keptMs = DEAD_LETTERS_KEPT_MS }: RejectedParts,
  { lane, rejected, last }: Rejected,
  nowMs: number,
): Promise<void> => {
  const [first] = rejected
  if (first === undefined) return
  const key = rejectedTimeKey(app, source, lane)
  const noted = await withRetries(clock, () => store.get(key))
  const notedUpTo = String(noted?.['upTo'] ?? '0')
  const isAgain = !isAfter(positionIn(lane, first), notedUpTo)
  const timeMs = isAgain ? Number(noted?.['timeMs']) : nowMs
  const upTo = isAfter(notedUpTo, last) ? notedUpTo : last
  await withRetries(clock, () => store.put(key, { timeMs, upTo, ...ttlAfter(nowMs, keptMs) }))
  await withRetries(clock, () => storeDeadLetters(store, app, rejected, { timeMs, keptMs }))
}
