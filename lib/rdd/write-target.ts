import type { Format } from '../formats/format.ts'
import type { SinkDeclaration } from './sink-declaration.ts'

/** Where partitions are written to, and how. */
export interface WriteTarget {
  /**
   * The target: a path, a URI such as `s3://results/totals-1000`, or `print:`. Its first name may
   * be bound.
   */
  readonly place: string
  /** How a partition becomes bytes. Missing if the target takes elements. */
  readonly format?: Format
  /** What `saveTo` was given. Missing for other outputs. */
  readonly sink?: SinkDeclaration
}

/** Writes the partitions of a batch to a target, under the fence of the running attempt (B4). */
export type WritePartitions = (
  target: WriteTarget,
  partitions: readonly (readonly unknown[])[],
) => Promise<void>
