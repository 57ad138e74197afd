/**
 * Offsets: how far a source has been consumed. Only batches move them. Whatever lies after the
 * offsets of the last committed batch belongs to a later batch.
 *
 * One type has a part for each way of counting. A kind of source reads and writes only its own
 * parts. The parts of other kinds stay as they are, in case the source is bound to such a kind
 * again.
 */

/**
 * The last position that a batch took, by lane. A lane without an offset has not been read yet. A
 * lane that is closed and drained may be left out from then on, so that offsets do not grow with
 * history.
 */
export type LaneOffsets = Readonly<Record<string, string>>

/** How far a directory has been consumed, together with the ledger of its files. */
export interface FileOffsets {
  /** How many files were ever taken. Shows whether a ledger in memory is up to date. */
  readonly taken: number
  /**
   * Until when the last batch looked for files: its batch time, or the clock if that was earlier.
   * Epoch milliseconds.
   */
  readonly lookedMs?: number
  /**
   * The next batch takes files that were modified after this time. Left out: none was needed yet.
   */
  readonly threshold?: number
  /** Whether every file ever taken matters, so that none may leave the ledger. */
  readonly all?: true
}

/** An object with a notification that no batch has taken yet. */
export interface PendingObject {
  readonly key: string
  /** The id of the version, if the store keeps versions. */
  readonly version?: string
  /** Time of the event by the clock of the store, epoch milliseconds. */
  readonly eventMs: number
  /** Whether the event says that the object is a copy of another. Default: false. */
  readonly isCopy?: true
}

/** How far the listing of a location has come. */
export interface ListingProgress {
  /** The location that is listed. If it changes, the listing starts from the beginning. */
  readonly place: string
  /** 2: all rounds after the first ones. */
  readonly round: 0 | 1 | 2
  /** The first batch time at this location. */
  readonly begunMs: number
  /** The listing continues at this batch time or later. */
  readonly dueMs: number
  /** This round leaves out what was modified before. Default: shortly before `begunMs`. */
  readonly sinceMs?: number
  /** When this round began. Default: it has not begun. */
  readonly roundMs?: number
  /** The last key that was listed in this round. */
  readonly after?: string
  /** How far the first round has come, which looks for what was there before. */
  readonly backfill?: Backfill
}

/** How much of what was there before has been found. */
export interface Backfill {
  /** How many names were listed, hidden ones left out. */
  readonly listed: number
  /** How many of them are new. */
  readonly found: number
  /** The batch time at which all were listed. Left out: there are more. */
  readonly doneMs?: number
}

/** How far a location with objects has been consumed, together with the ledger of its objects. */
export interface ListingOffsets {
  readonly pending: readonly PendingObject[]
  readonly progress?: ListingProgress
}

/** How far a queue in memory has been consumed. */
export interface QueueOffsets {
  /** How many of its entries batches have taken. */
  readonly taken: number
  /** The process that had the queue in memory. */
  readonly process: string
}

/** How far one source has been consumed. */
export interface Offsets {
  readonly lanes?: LaneOffsets
  readonly files?: FileOffsets
  readonly listing?: ListingOffsets
  readonly queue?: QueueOffsets
}

/** A way of counting. */
export type OffsetsPart = keyof Offsets

/** The offsets of all sources, by the id of the source node. */
export type OffsetsBySource = Readonly<Record<string, Offsets>>

/**
 * The offsets of a source after a batch. The reader of the batch counts with the parts `own`: they
 * come from `after`. All other parts stay, with one exception: the progress of a listing is dropped
 * while another kind of source is bound. No notifications arrive during that time, so the location
 * is listed again from the beginning.
 */
export const offsetsAfter = (
  before: Offsets | undefined,
  own: readonly OffsetsPart[],
  after: Offsets,
): Offsets => {
  const others = Object.entries(before ?? {}).filter(([part]) => !own.includes(part as OffsetsPart))
  const { listing, ...kept }: Offsets = Object.fromEntries(others)
  return {
    ...kept,
    ...(listing === undefined ? {} : { listing: { pending: listing.pending } }),
    ...after,
  }
}
