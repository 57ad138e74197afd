/**
 * Positions in the lane of a shard.
 *
 *   position = sequence number * 2^20 + 1 + index of the user record in its aggregated record
 *
 * All user records of an aggregated record share one sequence number, so this number alone cannot
 * say how far a lane has come. All positions are scaled, also those of records that are not
 * aggregated. So positions compare like the pairs (sequence number, index), and the order stays
 * right when a producer starts or stops aggregating. The added 1 keeps every position after the
 * beginning of a lane, '0'.
 */
import { invariant } from '../../../base/errors.ts'

/**
 * An aggregated record holds at most this number of user records. A user record takes at least 6
 * bytes and an event at most 6 MB, which leaves a third of the room.
 */
export const USER_RECORDS_MAX: number = 2 ** 20 - 1

const SCALE = 2n ** 20n

/**
 * The position of a user record. Leading zeros of the sequence number do not matter: emulators
 * write them.
 */
export const positionOf = (sequenceNumber: string, index = 0): string => {
  invariant(
    'B1',
    index >= 0 && index < USER_RECORDS_MAX,
    `a record has a user record with the index ${index}`,
  )
  return String(BigInt(sequenceNumber) * SCALE + 1n + BigInt(index))
}

/** The sequence number of a position, in decimal. From there, a shard is read again. */
export const sequenceNumberOf = (position: string): string => String(BigInt(position) / SCALE)
