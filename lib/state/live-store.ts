/** What all kinds of stored things have in common while a batch runs. */
import type { SegmentRef } from './segments.ts'

/** Gives bytes their name as a segment of the batch that runs. It is written with the others of the batch. */
export type NameSegment = (bytes: Uint8Array) => SegmentRef

/** Reads a segment. */
export type ReadSegment = (ref: SegmentRef) => Promise<Uint8Array>

/** What one attempt does to a partition of a store: kept apart until its batch is committed (B3). */
export interface StoreDraft {
  /** Nothing was changed, and nothing will change for an operator that is asked again at a later time without input. */
  readonly isQuiet: boolean
  /** Seals what has changed, and gives the segments that make up the partition then. What is not among them any more is garbage. */
  flush(before: readonly SegmentRef[], flush: NameSegment): readonly SegmentRef[]
  /** Makes the changes part of what is live. Only after the commit was acknowledged. */
  settle(): void
}
