/** What all kinds of partitions of state have in common while a batch runs. */
import type { SegmentRef } from './segments.ts'

/** Names bytes as a segment of the batch that runs. It is written with the others of the batch. */
export type NameSegment = (bytes: Uint8Array) => SegmentRef

/** Reads a segment. */
export type ReadSegment = (ref: SegmentRef) => Promise<Uint8Array>

/** What one attempt does to a partition: kept apart until its batch is committed (B3). */
export interface PartitionDraft {
  /**
   * Nothing was changed, and nothing will change for an operator that is asked again at a later
   * time without input.
   */
  readonly isQuiet: boolean
  /**
   * Makes segments of what has changed, and gives the segments that make up the partition then. A
   * segment of `before` that is not among them is garbage.
   */
  flush(before: readonly SegmentRef[], name: NameSegment): readonly SegmentRef[]
  /** Makes the changes part of what is live. Only after the commit was acknowledged. */
  publish(): void
}
