import type { BatchLimits } from '../../dstream/plan.ts'
import type { Partition } from '../../rdd/evaluate.ts'
import type { Lane } from '../../state/lanes.ts'
import type { Cut } from '../../state/manifest.ts'
import type { SegmentRef } from '../../state/segments.ts'
import type { DeadLetter } from '../../state/dead-letters.ts'

/** Records of a lane that are gone from the store, and cannot be had from their source. */
export interface LostRecords {
  readonly lane: string
  /** The positions of the first and the last of them. */
  readonly first: string
  readonly last: string
  readonly records: number
  readonly reason: string
}

/** What of a source belongs to one batch. Plain data, logged with the batch, and the same for every attempt at it. */
export interface SourceInput {
  readonly kind: string
  /** Records, if they are known before reading. */
  readonly records: number
  readonly bytes: number
  readonly objects: number
  /** How far the source is consumed once the batch is committed. */
  readonly cut: Cut
  /** What was taken in and is nowhere any more (B7). */
  readonly lost?: readonly LostRecords[]
  /** The positions of its lanes after that, for intake, where the cut itself is not just these. */
  readonly laneCut?: Readonly<Record<string, string>>
}

/** What a source gave for a slice. */
export interface InputData<S extends SourceInput> {
  /** The records, in the order that the slice fixes (B3). */
  readonly partitions: readonly Partition<unknown>[]
  /** The slice, or a smaller one when some of it turned out to be gone; then it must be logged before outputs start. */
  readonly slice: S
  /** Records in the partitions. */
  readonly records: number
}

/** Where bad records go while a batch runs. */
export type PutAside = (letter: DeadLetter) => void

/** A question to a source, about what lies behind a cut. */
export interface InputRequest {
  /** The batch time. */
  readonly timeMs: number
  /** What the last batch left; undefined before the first. */
  readonly cut: Cut | undefined
  readonly limits: BatchLimits
  /** When the application first started. */
  readonly startedMs: number
  /** The lanes of the source, if they were read while the head was, or later. Default: they are read now. */
  readonly lanes?: readonly Lane[]
}

/** How the runtime gets records: one for each source node, whatever the binding. */
export interface SourceReader<S extends SourceInput = SourceInput> {
  /** The kind of its slices: a logged batch can only be read by the kind of source that it was logged with. */
  readonly kind: S['kind']
  /** Reads the lanes that an allocation would read, where there are any: it is begun while the head is still being read. */
  lanes?(): Promise<readonly Lane[]>
  /** What belongs to the batch at this time: nothing twice, nothing left out below the limits (B8), whatever any clock says. */
  allocate(request: InputRequest): Promise<S>
  /** The records of a slice: the same ones for the same slice, always (B3). */
  read(slice: S, putAside: PutAside): Promise<InputData<S>>
  /** Takes note of a slice between its log and its commit; called again for each attempt. */
  record?(slice: S, timeMs: number): Promise<void>
  /**
   * When the earliest thing behind the cut can be in a batch: a batch time before it would find nothing. -Infinity: at any time.
   * Undefined: there is nothing.
   */
  waiting(
    request: Pick<InputRequest, 'cut' | 'startedMs'> & { readonly nowMs: number },
  ): Promise<number | undefined>
  /** When the oldest thing behind the cut was taken in, for the lag; undefined: there is nothing. Left out where that cannot be told. */
  takenInMs?(cut: Cut | undefined): Promise<number | undefined>
  /** Blocks that the slice has used up: garbage once its batch is committed. */
  blocks(slice: S): readonly SegmentRef[]
}
