/** Partitions of an RDD, and what takes their elements. */
import type { Origin } from './bad-records.ts'
import type { Pause } from '../base/pauses.ts'
import type { Sink, Step } from './steps.ts'

/** One partition: its records, and the steps that are still to be applied to them. */
export interface Partition<T> {
  readonly records: readonly unknown[]
  readonly steps: readonly Step[]
  /** Undefined after a shuffle or a `mapPartitions`. Then an error fails the batch. */
  readonly origin?: Origin | undefined
  /**
   * For each of `records`, the number of the record of the origin that it was made from, ascending.
   * Records with the same number are good or bad together. Default: each is a record of the origin.
   */
  readonly madeFrom?: readonly number[] | undefined
  /** Only for the type checker: the type of the elements. Never set at run time. */
  readonly element?: T
}

/** Finds the records that a sink cannot take. */
export interface Trial<T> {
  /** Takes an element. Throws if no sink could take it. */
  readonly take: Sink<T>
  /** The records that fit no sink with the others, with their errors. After all were taken. */
  unfit(): ReadonlyMap<number, unknown>
}

/** Takes the elements of a partition. */
export interface Target<T> {
  /** The operator that takes the elements, for errors of its own functions. */
  readonly label: string
  /** Default: the event loop does not turn before the end of the partition. */
  readonly pause?: Pause | undefined
  /** Makes a sink. The caller must drop what the sinks before have taken. */
  open(): Sink<T>
  /** Default: a sink takes any element. */
  trial?(): Trial<T>
}
