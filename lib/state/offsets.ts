/**
 * Offsets: how far a source has been consumed. Batches move them, and nothing else does: what lies
 * after the offsets of the last committed batch belongs to a later batch.
 *
 * There is one type with a part for each way of counting. A kind of source reads and writes its own
 * parts only; the parts of another kind stay as they are, for when a source is bound to it again.
 */

/**
 * The last position taken of each lane, by lane. A lane without an offset has not been taken from.
 * A lane that is closed and drained may be left out from then on, so that offsets do not grow with
 * history.
 */
export type LaneOffsets = Readonly<Record<string, string>>

/** How far a place with files has been consumed, together with the ledger of its files. */
export interface FileOffsets {
  /** How many files were ever taken: shows whether a ledger in memory is up to date. */
  readonly taken: number
  /**
   * The threshold of modification times, kept where it was while files that are already eligible
   * wait for room in a batch. Epoch milliseconds.
   */
  readonly threshold?: number
}

/** An object that was announced, and that no batch has taken yet. */
export interface PendingObject {
  readonly key: string
  /** The id of the version, if the store keeps versions. */
  readonly version?: string
  /** When the event happened, by the store's clock. Epoch milliseconds. */
  readonly eventMs: number
}

/** How far the listing of a place has come. */
export interface ListingProgress {
  /** Another place is listed from the beginning. */
  readonly place: string
  readonly round: 0 | 1 | 2
  /** The first batch time at this place. */
  readonly begunMs: number
  /** The listing goes on at this batch time or later. */
  readonly dueMs: number
  /** The last key that was listed in this round. */
  readonly after?: string
}

/** How far a place with objects has been consumed, together with the ledger of its objects. */
export interface ListingOffsets {
  readonly pending: readonly PendingObject[]
  readonly progress?: ListingProgress
}

/** How far a queue in memory has been consumed. */
export interface QueueOffsets {
  /** How many of its entries batches have taken. */
  readonly taken: number
  /** The process that had it in memory. */
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
 * The offsets of a source after a batch whose reader counts with the parts `own`: these are
 * `after`, and all other parts stay. Only how far a place was listed is forgotten while another
 * kind of source is bound: nobody announces its objects then, so it is listed again from the
 * beginning.
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
