/**
 * Lanes of records that were put aside and given back: each command makes its own, in the source
 * that the records are of.
 */

const PREFIX = 'redrive-'

/** The lane of one command. */
export const redriveLane = (attemptId: string): string => PREFIX + attemptId

/** Whether a lane is of records that were given back, and not of a shard, a receiver or hints. */
export const isRedriveLane = (lane: string): boolean => lane.startsWith(PREFIX)
