/** Lanes of redriven records. Each command has its own lane in the source of the records. */

const PREFIX = 'redrive-'

/** The lane of one command. */
export const redriveLane = (attemptId: string): string => PREFIX + attemptId

/** Whether a lane holds redriven records. */
export const isRedriveLane = (lane: string): boolean => lane.startsWith(PREFIX)
