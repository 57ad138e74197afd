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
  /** How a file is read again, if it is not by `format`. */
  readonly readAs?: Format
  /**
   * Whether the parts are bundles of files that lie in directories below the place, together with
   * those of other batches.
   */
  readonly spread?: boolean
  /** What `saveTo` was given. Missing for other outputs. */
  readonly sink?: SinkDeclaration
}

/** Writes the partitions of a batch to a target, under the fence of the running attempt (B4). */
export type WritePartitions = (
  target: WriteTarget,
  partitions: readonly (readonly unknown[])[],
) => Promise<void>

/** An output whose parts are written as they are computed, in one process or in several. */
export interface PartsTarget {
  /** Whether all parts are computed in this process. Default: executors may compute some. */
  readonly isHere?: boolean
  /** The content of a partition. */
  encode(elements: readonly unknown[]): Uint8Array
  /** Begins to write a part from this process. What has failed is said by `room` and `finish`. */
  add(partition: number, content: Uint8Array): void
  /** Waits until few bytes are on their way. */
  room(): Promise<void>
  /** Before another process calls `pack`: makes sure that parts may be written there. */
  admit(): Promise<void>
  /**
   * In the process that has computed the part: writes it, if any process can write there. Gives
   * plain data for `take`: what was written, or else the content.
   */
  pack(partition: number, content: Uint8Array): Promise<unknown>
  /** In the process that finishes: takes what `pack` gave. */
  take(partition: number, packed: unknown): Promise<void>
  /** When all parts are taken. Nothing is shown before the batch is committed. */
  finish(): Promise<void>
  /** Gives up the output. Never rejects. */
  abandon(): Promise<void>
}

/**
 * Opens a target part by part. Undefined: it shows what it gets at once, so it takes only whole
 * batches.
 */
export type OpenParts = (target: WriteTarget) => Promise<PartsTarget | undefined>
