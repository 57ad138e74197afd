/** What state partitions and pane partitions have in common while a batch runs. */
import type { SegmentRef } from './segments.ts'

/**
 * Names bytes as a segment of the running batch. All segments of the batch are written together.
 */
export type NameSegment = (bytes: Uint8Array) => SegmentRef

/** Reads a segment. */
export type ReadSegment = (ref: SegmentRef) => Promise<Uint8Array>

/** The changes of one attempt to a partition, kept apart until the batch is committed (B3). */
export interface PartitionDraft {
  /** Whether nothing was changed, and nothing would change at a later batch time without input. */
  readonly isQuiet: boolean
  /**
   * Makes segments of the changes, and returns all segments of the partition after them. Segments
   * of `before` that are not in the result are garbage.
   */
  flush(before: readonly SegmentRef[], name: NameSegment): readonly SegmentRef[]
  /** Makes the changes part of the live state. Only after the commit was acknowledged. */
  publish(): void
}
