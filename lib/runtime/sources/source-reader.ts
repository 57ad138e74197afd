/**
 * How the driver gets the records of one source node, for every kind of source.
 *
 *   allocate -> the head logs the input (B2) -> read -> recordTaken -> the commit moves the offsets
 *
 * Duties of an implementation:
 * - `allocate` decides what belongs to a batch: nothing twice, and nothing left out within the
 *   limits (B8). No clock may change that. The result is plain data.
 * - `read` always returns the same records in the same order for the same input (B3).
 * - `recordTaken` may run several times for the same input. Later calls change nothing.
 *
 * Duties of the caller: it logs an input before any output gets its records, and allocates the next
 * input only after the commit of the last one.
 */
import { leastOf } from '../../base/extremes.ts'
import type { Usage } from '../../base/prices.ts'
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Partition, SourcePartition } from '../../rdd/partition.ts'
import type { DeadLetter, FileReference } from '../../state/dead-letters.ts'
import type { Lane } from '../../state/lanes.ts'
import type { LaneOffsets, Offsets, OffsetsPart } from '../../state/offsets.ts'
import type { Amounts } from '../../state/load.ts'
import type { SegmentRef } from '../../state/segments.ts'

/** Records of a lane that are no longer in the store, nor in their source. */
export interface LostRecords {
  readonly lane: string
  /** The position of the first record. `last`: that of the last record. */
  readonly first: string
  readonly last: string
  readonly records: number
  readonly reason: string
}

/**
 * What one batch takes from one source. It is logged with the batch, and the same for every attempt
 * at the batch. `P`: the parts of the offsets with which the source counts.
 */
export interface SourceInput<P extends OffsetsPart = OffsetsPart> {
  /** The kind of the input. Only a source with this kind of input can read it. */
  readonly kind: string
  /** Number of records, if known before they are read; otherwise 0. */
  readonly records: number
  readonly bytes: number
  readonly objects: number
  /** The offsets of the source after the commit of the batch. */
  readonly offsets: Pick<Offsets, P>
  /** Records that intake accepted, and that no longer exist (B7). */
  readonly lost?: readonly LostRecords[]
}

/** The records of an input. */
export interface InputData<I extends SourceInput = SourceInput> {
  /** The records, in the order that the input fixes (B3). */
  readonly partitions: readonly SourcePartition<unknown>[]
  /**
   * The input, or a smaller one if part of it is gone. A smaller one must be logged before outputs
   * start.
   */
  readonly input: I
  /** Whether the input differs from the logged one although nothing is gone. Default: false. */
  readonly isOther?: boolean
  /** Number of records in the partitions, as far as it is known before they are read. */
  readonly records: number
  /** Parts in which nothing could be read. What is partly unreadable is in the partitions. */
  readonly unreadable?: readonly UnreadablePart[]
}

/** A part of the input that had only records that nobody could read. */
export interface UnreadablePart {
  /** For messages: the source, and the lane. */
  readonly description: string
  /** Number of records, all dead letters. */
  readonly unreadable: number
}

/** The elements of a file, or why it is gone. */
export type FileElements =
  | { readonly found: true; readonly partition: Partition<unknown> }
  | { readonly found: false; readonly gone: 'missing' | 'replaced' }

/** How many records a partition of a source has. It counts once, however often it is read. */
export type CountedPart = readonly [source: string, partition: number, records: number]

/** Takes the dead letters of a batch while it runs. */
export type PutAside = (deadLetter: DeadLetter) => void

/** Times that a source may need to decide what belongs to a batch. Epoch milliseconds. */
export interface BatchTimes {
  /** When the application first started. */
  readonly startedMs: number
  /**
   * The first batch time that has not been run. The next batch may be later: it then stands for all
   * batch times between, which passed at rest.
   */
  readonly firstMs: number
  readonly intervalMs: number
  /** The clock. Batch times may be ahead of it. */
  readonly nowMs: number
}

/** The most records that a batch takes of one lane. */
export interface LaneLimit {
  /** Infinity: no limit of its own. */
  readonly recordsMax: number
  /** Whether lanes share the records of a batch in proportion to what waits in them. */
  readonly byWaiting: boolean
}

/** What a batch takes at most of a source. */
export interface SourceLimits extends BatchLimits {
  /** Left out: no rate is set. */
  readonly perLane?: LaneLimit
}

/** A request for the input of the next batch. */
export interface InputRequest<O = Offsets> extends BatchTimes {
  /** The batch time. */
  readonly timeMs: number
  /** The offsets after the last batch. Empty before the first batch. */
  readonly offsets: O
  readonly limits: SourceLimits
  /** The number of objects with which batches of the pipeline begin. Default: as in `limits`. */
  readonly firstObjects?: number
  /**
   * The lanes of the source, if they were read with the head or later. Default: `allocate` reads
   * them.
   */
  readonly lanes?: readonly Lane[]
}

/** A request that asks whether a source has input. */
export interface WaitingRequest<O = Offsets> extends BatchTimes {
  readonly offsets: O
}

/** A request to let old lanes leave. Only for the holder of the lease. */
export interface LeaveRequest<O = Offsets> {
  /** The offsets of the last committed batch, which was read before this request. */
  readonly offsets: O
  /** The time of that batch. */
  readonly doneMs: number
  readonly nowMs: number
  /** The attempt that writes. */
  readonly by: string
  /** How long dead letters are kept, in milliseconds. Infinity: for ever. */
  readonly deadLettersKeptMs: number
  /** The batch time up to which no replay needs an input. -Infinity: replays need all. */
  readonly consumedMs: number
}

/** Files that no batch has taken, and why. */
export interface LeftOut {
  /**
   * `beforeStart`: they were there before the first start. `tooOld`: they came later, with an older
   * time. `future`: their time is ahead of the clock. `filtered`: the filter of the source refuses
   * them. `moving`: they may still be written. `renamed`: they were read under another name.
   */
  readonly reason: 'beforeStart' | 'tooOld' | 'future' | 'filtered' | 'moving' | 'renamed'
  readonly count: number
  /** The name of one of them. */
  readonly first: string
}

/** Input that waits for later batches. */
export interface Behind extends Amounts {
  /** Whether there is more, and nobody knows how much. */
  readonly hasMore?: boolean
}

/** Nothing waits for later batches. */
export const NOTHING_WAITS: Behind = { objects: 0, records: 0, bytes: 0 }

/** Reads one source node. */
export interface SourceReader<I extends SourceInput = SourceInput> {
  /** The kind of its inputs. */
  readonly kind: I['kind']
  /** The parts of the offsets with which this source counts. */
  readonly parts: readonly OffsetsPart[]
  /** Whether the source must be polled, because nothing tells when it has new input. */
  readonly isPolled: boolean
  /** Whether batches take what is in a lane of the source. Left out: it has no lanes. */
  reads?(lane: string): boolean
  /** Reads the lanes that `allocate` needs. May run while the head is being read. */
  lanes?(): Promise<readonly Lane[]>
  /** Decides what belongs to a batch. */
  allocate(request: InputRequest<I['offsets']>): Promise<I>
  /**
   * What was there at the last `allocate` and did not fit into the batch. While something is left,
   * batches grow. Left out: batches take all there is.
   */
  behind?(): Behind
  /**
   * What intake has used in all for the source, as its lanes said when they were read last. Left
   * out, or undefined: it is not known.
   */
  intakeUsed?(): Usage | undefined
  /** What an input counts in the limits of a batch. Left out: what it says. */
  counted?(input: I): Amounts
  /** Reads the records of an input. `isRetry`: an earlier attempt at the batch has failed. */
  read(input: I, putAside: PutAside, isRetry?: boolean): Promise<InputData<I>>
  /**
   * Reads a file again that was put aside as a whole. What is gone is not put aside here. Left out:
   * the source has no files.
   */
  readAgain?(file: FileReference, putAside: PutAside): Promise<FileElements>
  /** Notes an input in a ledger, between its log and its commit. Left out: there is no ledger. */
  recordTaken?(input: I, timeMs: number): Promise<void>
  /**
   * The earliest batch time that can take input after the offsets. -Infinity: any time. Undefined:
   * there is no input.
   */
  waiting(request: WaitingRequest<I['offsets']>): Promise<number | undefined>
  /**
   * When intake accepted the oldest input after the offsets, for the lag. Undefined: there is no
   * input. Left out if this is unknown.
   */
  takenInMs?(offsets: I['offsets']): Promise<number | undefined>
  /**
   * What the source sees, and no batch has taken. For a person who wonders why a file is not
   * counted. Left out: the source has no files.
   */
  leftOut?(request: WaitingRequest<I['offsets']>): Promise<readonly LeftOut[]>
  /**
   * Empties lanes in which nothing came for long, and lets the store remove them later. Returns the
   * offsets of lanes that need none any more. Left out: the source has a fixed number of lanes.
   */
  leave?(request: LeaveRequest<I['offsets']>): Promise<LaneOffsets>
  /** The blocks of the input. They are garbage after the commit of its batch. */
  blocks(input: I): readonly SegmentRef[]
}

/** The earliest of some times. Undefined: there are none. */
export const earliestOf = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((ms) => ms !== undefined)
  return known.length === 0 ? undefined : leastOf(known)
}
