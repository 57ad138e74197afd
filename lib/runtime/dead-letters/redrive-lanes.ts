/** Lanes of redriven records. Each command has its own lane in the source of the records. */

const PREFIX = 'redrive-'

const FILES_PREFIX = `${PREFIX}files-`

/** A batch reads about this many redriven files of a source. */
export const FILES_AGAIN_MAX = 10

/** What a lane holds: records, or references to whole files that are read again. */
export type Redrivable = 'records' | 'wholeFiles'

/** The lane of one command. */
export const redriveLane = (attemptId: string, holds: Redrivable): string =>
  (holds === 'wholeFiles' ? FILES_PREFIX : PREFIX) + attemptId

/** Whether a lane holds redriven records or files. */
export const isRedriveLane = (lane: string): boolean => lane.startsWith(PREFIX)

/** Whether a lane holds references to redriven files. */
export const isRedriveLaneOfFiles = (lane: string): boolean => lane.startsWith(FILES_PREFIX)
