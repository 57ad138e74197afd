/** What state partitions and pane partitions have in common while a batch runs. */
import type { StoredPartition } from './stored-list.ts'
import type { NamedSegment, NameSegment, SegmentRef } from './segments.ts'

/** The segments of a partition after a batch. */
export interface Flushed {
  readonly stored: StoredPartition
  /** Segments and pages that the partition does not need any more. */
  readonly retired: readonly SegmentRef[]
  /** Segments that have a name already. Default: none. */
  readonly segments?: readonly NamedSegment[]
}

/** The changes of one attempt to a partition, kept apart until the batch is committed (B3). */
export interface PartitionDraft {
  /** Whether nothing was changed, and nothing would change at a later batch time without input. */
  readonly isQuiet: boolean
  /** Makes segments of the changes. */
  flush(name: NameSegment, namePage: NameSegment): Flushed
  /** Makes the changes part of the live state. Only after the commit was acknowledged. */
  publish(): void
}
