/**
 * How the driver gets the records of one source node, whatever it is bound to.
 *
 *   allocate -> the head logs the input (B2) -> read -> recordTaken -> the commit moves the offsets
 *
 * Duties of an implementation:
 * - `allocate` decides what belongs to a batch: nothing twice, and nothing left out below the
 *   limits
 *   (B8), whatever any clock says. What it returns is plain data.
 * - `read` gives the same records in the same order for the same input, always (B3).
 * - `recordTaken` may run several times for the same input, and changes nothing after the first.
 *
 * The caller logs an input before it reads from it for outputs, and asks for the next one only
 * after the commit of the last.
 */
import type { BatchLimits } from '../../dstream/plan.ts'
import type { Partition } from '../../rdd/evaluate.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'
import type { Lane } from '../../state/lanes.ts'
import type { Offsets, OffsetsPart } from '../../state/offsets.ts'
import type { SegmentRef } from '../../state/segments.ts'

/** Records of a lane that are not in the store any more, and that their source does not have. */
export interface LostRecords {
  readonly lane: string
  /** The positions of the first and the last of them. */
  readonly first: string
  readonly last: string
  readonly records: number
  readonly reason: string
}

/**
 * What one batch takes from one source: logged with the batch, and the same for every attempt at
 * it. `P` names the parts of the offsets with which the source counts.
 */
export interface SourceInput<P extends OffsetsPart = OffsetsPart> {
  /** Which kind of input it is: only its own kind can read it. */
  readonly kind: string
  /** Records, if they are known before they are read; else 0. */
  readonly records: number
  readonly bytes: number
  readonly objects: number
  /** How far the source is consumed once the batch is committed. */
  readonly offsets: Pick<Offsets, P>
  /** Records that were taken in, and that are nowhere any more (B7). */
  readonly lost?: readonly LostRecords[]
}

/** What a source gave for an input. */
export interface InputData<I extends SourceInput = SourceInput> {
  /** The records, in the order that the input fixes (B3). */
  readonly partitions: readonly Partition<unknown>[]
  /**
   * The input, or a smaller one if some of it is gone: that must be logged before outputs start.
   */
  readonly input: I
  /** Records in the partitions. */
  readonly records: number
}

/** Takes bad records while a batch runs. */
export type PutAside = (letter: DeadLetter) => void

/** A question to a source about what lies after its offsets. */
export interface InputRequest<O = Offsets> {
  /** The batch time. */
  readonly timeMs: number
  /** What the last batch left. Before the first batch no part is there. */
  readonly offsets: O
  readonly limits: BatchLimits
  /** When the application first started. */
  readonly startedMs: number
  /**
   * The lanes of the source, if they were read with the head or later. Default: they are read now.
   */
  readonly lanes?: readonly Lane[]
}

/** A question to a source about whether anything waits. */
export interface WaitingRequest<O = Offsets> {
  readonly offsets: O
  readonly startedMs: number
  readonly nowMs: number
}

/** Reads one source node. */
export interface SourceReader<I extends SourceInput = SourceInput> {
  /** The kind of its inputs. */
  readonly kind: I['kind']
  /** The parts of the offsets that are its own. */
  readonly parts: readonly OffsetsPart[]
  /** Nobody says when there is something new: it has to be asked. */
  readonly isPolled: boolean
  /** Reads the lanes that an allocation would read. It may begin while the head is being read. */
  lanes?(): Promise<readonly Lane[]>
  /** Decides what belongs to the batch at a time. */
  allocate(request: InputRequest<I['offsets']>): Promise<I>
  /** The records of an input. */
  read(input: I, putAside: PutAside): Promise<InputData<I>>
  /** Takes note of an input between its log and its commit. */
  recordTaken?(input: I, timeMs: number): Promise<void>
  /**
   * The earliest batch time that can take something after the offsets. -Infinity: any time.
   * Undefined: there is nothing.
   */
  waiting(request: WaitingRequest<I['offsets']>): Promise<number | undefined>
  /**
   * When the oldest thing after the offsets was taken in, for the lag. Undefined: there is nothing.
   * Left out where this cannot be told.
   */
  takenInMs?(offsets: I['offsets']): Promise<number | undefined>
  /** Blocks that the input uses up: garbage once its batch is committed. */
  blocks(input: I): readonly SegmentRef[]
}

/** The earliest of some times. Undefined: there are none. */
export const earliestOf = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((ms) => ms !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
