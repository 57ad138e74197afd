/**
 * The records of a partition. Most are in an array. Lines of a large text are made piece by piece
 * whenever they are needed: so they are used while they are in the cache of the processor, and
 * forgotten at once.
 */

/** Records that are made when they are needed: each time the same ones (B3). */
export interface MadeRecords {
  /** All records, in order, in small pieces. */
  pieces(): Iterable<readonly unknown[]>
}

/** See the head of this file. */
export type Records = readonly unknown[] | MadeRecords

/** The records piece by piece. */
export const piecesOf = (records: Records): Iterable<readonly unknown[]> =>
  isInArray(records) ? [records] : records.pieces()

/** All records at once. */
export const allOf = (records: Records): readonly unknown[] =>
  isInArray(records) ? records : [...records.pieces()].flat(1)

/** Whether the records are in an array. */
export const isInArray = (records: Records): records is readonly unknown[] => Array.isArray(records)
