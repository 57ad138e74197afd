/**
 * Positions in the lane of a shard.
 *
 *   position = sequence number * 2^20 + 1 + index of the user record in its aggregated record
 *
 * All user records of an aggregated record share one sequence number, so the number alone cannot
 * say how far a lane has come. Every position is scaled, whether its record is aggregated or not:
 * so they compare as the pairs (sequence number, index) do, and a producer that begins or stops to
 * aggregate changes no order. The one that is added keeps every position behind the beginning of a
 * lane, '0'.
 */
import { invariant } from '../../../base/errors.ts'

/**
 * A record holds fewer user records than this: one takes 6 bytes at least, and an event 6 MB at
 * most, which leaves a third of the room.
 */
export const USER_RECORDS_MAX: number = 2 ** 20 - 1

const SCALE = 2n ** 20n

/**
 * The position of a user record. Leading zeros of the sequence number, which emulators write, do
 * not matter.
 */
export const positionOf = (sequenceNumber: string, index = 0): string => {
  invariant(
    'B1',
    index >= 0 && index < USER_RECORDS_MAX,
    `a record holds a user record number ${index}`,
  )
  return String(BigInt(sequenceNumber) * SCALE + 1n + BigInt(index))
}

/**
 * The sequence number of a position, as a plain number in decimal: where a shard is read again
 * from.
 */
export const sequenceNumberOf = (position: string): string => String(BigInt(position) / SCALE)
