/**
 * Which batches share a file of a rolled output: pure arithmetic on batch times and bytes. What is
 * waiting and the rule decide alone, so every attempt at a batch closes the same rolls (B3).
 */
import { createHash } from 'node:crypto'

/** When a roll closes. */
export interface RollRule {
  /** The length of a period. Periods begin at the multiples of it since the epoch. */
  readonly everyMs: number
  /** A roll never grows beyond so many bytes, unless one batch alone is larger. */
  readonly maxBytes: number
}

/** What waits to be written. */
export interface WaitingRoll {
  /** The batch times that wait, oldest first. */
  readonly times: readonly number[]
  /** The bytes of the roll that is still open. */
  readonly bytes: number
}

/** What a batch does. */
export interface RollStep {
  /** The rolls that it closes, each as its batch times, oldest first. */
  readonly closed: readonly (readonly number[])[]
  /** What waits after it. */
  readonly waiting: WaitingRoll
}

/** The bytes that a roll may have if the user sets no limit. 64 MiB. */
export const ROLL_BYTES_DEFAULT: number = 64 * 1024 * 1024

/** The end of the period of a batch. A batch at the end of a period belongs to it. */
export const periodEndMs = (timeMs: number, everyMs: number): number =>
  Math.ceil(timeMs / everyMs) * everyMs

/**
 * What the batch at a time does with the rolls. `ownBytes` is what it adds itself; 0: nothing.
 *
 * A roll closes at the first batch time at or after the end of its period. Before that it closes
 * when it has `maxBytes`, or when the next batch would bring it above.
 */
export const rollAt = (
  { everyMs, maxBytes }: RollRule,
  timeMs: number,
  before: WaitingRoll,
  ownBytes: number,
): RollStep => {
  const endOf = (times: readonly number[]): number => periodEndMs(times[0] ?? timeMs, everyMs)
  const rolls: number[][] = []
  // Several periods wait only after a deployment with shorter ones.
  for (const waitingMs of before.times) {
    const last = rolls.at(-1)
    if (last !== undefined && endOf(last) === periodEndMs(waitingMs, everyMs)) last.push(waitingMs)
    else rolls.push([waitingMs])
  }
  let { bytes } = before
  if (ownBytes > 0) {
    const last = rolls.at(-1)
    const isJoining =
      last !== undefined &&
      endOf(last) === periodEndMs(timeMs, everyMs) &&
      bytes + ownBytes <= maxBytes
    if (isJoining) last.push(timeMs)
    else rolls.push([timeMs])
    bytes = isJoining ? bytes + ownBytes : ownBytes
  }
  const open = rolls.at(-1)
  const stays = open !== undefined && endOf(open) > timeMs && bytes < maxBytes
  return stays
    ? { closed: rolls.slice(0, -1), waiting: { times: open, bytes } }
    : { closed: rolls, waiting: { times: [], bytes: 0 } }
}

const SLUG_LETTERS_MAX = 50
const HASH_DIGITS = 6

/**
 * The id under which the waiting batches of an output are stored. It follows from the place, so an
 * output that is added or moved in the pipeline changes no other one.
 */
export const rollId = (place: string): string => {
  const slug = place.replaceAll(/[^A-Za-z0-9_.]+/g, '-').replaceAll(/^-|-$/g, '')
  const hash = createHash('sha256').update(place).digest('hex').slice(0, HASH_DIGITS)
  return ['rolled', slug.slice(0, SLUG_LETTERS_MAX), hash].filter(Boolean).join('-')
}
