/** Partitions of an RDD, and what takes their elements. */
import { invariant } from '../base/errors.ts'
import type { Origin } from './bad-records.ts'
import type { Pause } from '../base/pauses.ts'
import { isInArray, type Records } from './records.ts'
import type { Sink, Step } from './steps.ts'

/** In the place of a lane: records that come again, such as redriven ones. They are in no order. */
export const ASIDE = '!aside'

/** One partition: its records, and the steps that are still to be applied to them. */
export interface Partition<T> {
  readonly records: Records
  readonly steps: readonly Step[]
  /** Undefined after a shuffle or a `mapPartitions`. Then an error fails the batch. */
  readonly origin?: Origin | undefined
  /**
   * For each of `records`, the number of the record of the origin that it was made from, ascending.
   * Records with the same number are good or bad together. Default: each is a record of the origin.
   */
  readonly madeFrom?: readonly number[] | undefined
  /**
   * About how many bytes its records had where they were stored. A shuffle computes small
   * partitions of a source together. Undefined: this one is computed by itself.
   */
  readonly sizeBytes?: number | undefined
  /** Whether a shuffle computes it by itself, whatever its size. Default: false. */
  readonly isAlone?: boolean | undefined
  /** Its records were combined by key before, and are not there any more. Default: they are. */
  readonly combined?: Combined | undefined
  /**
   * The ordered part of the input that its records come from: the source, and the lane there.
   * Undefined after a step that is not record by record. {@link ASIDE}: of no lane.
   */
  readonly lane?: string | undefined
  /** Only for the type checker: the type of the elements. Never set at run time. */
  readonly element?: T
}

/** What map tasks have made of the records of a partition, where they came in. */
export interface Combined {
  /** Number of records. */
  readonly recordCount: number
  /** What the map task of a node has made of them: fresh copies of pairs, in no order. */
  entriesOf(node: string): [unknown, unknown][]
}

const noRecords = (): readonly never[] => {
  invariant('B7', false, 'records are needed that were combined by key before')
  return []
}

/** A partition of what was combined before. It has no records: who asks for them fails. */
export const combinedPartition = (combined: Combined): Partition<unknown> => ({
  records: { pieces: noRecords },
  steps: [],
  isAlone: true,
  combined,
})

/**
 * A partition whose records stay in their source until they are needed, and are forgotten
 * afterwards. So a batch holds a few of them at a time, and not its whole input. Each time it is
 * read it gives the same records (B3).
 */
export interface LazyPartition<T> {
  /** As {@link Partition.sizeBytes}. */
  readonly sizeBytes: number
  /** As {@link Partition.isAlone}. */
  readonly isAlone?: boolean | undefined
  /** Number of records. Left out: nobody knows it before they are read. */
  readonly recordCount?: number
  /**
   * Reads the records. The result hands them out. It reports what could not be read, and so is
   * called in the order of partitions, also where the reads run at the same time.
   */
  read(): Promise<() => Partition<T>>
}

/** A partition of a source. */
export type SourcePartition<T> = Partition<T> | LazyPartition<T>

const lengthOf = (partition: SourcePartition<unknown>): number => {
  if (isLazy(partition)) return partition.recordCount ?? 0
  if (partition.combined !== undefined) return partition.combined.recordCount
  return isInArray(partition.records) ? partition.records.length : 0
}

/** How many records the partitions have, as far as it is known before they are read. */
export const recordsIn = (partitions: readonly SourcePartition<unknown>[]): number =>
  partitions.reduce((total, one) => total + lengthOf(one), 0)

/** The bytes by which a shuffle groups partitions. Undefined: it computes this one by itself. */
export const groupBytesOf = ({
  isAlone,
  sizeBytes,
}: Pick<Partition<unknown>, 'isAlone' | 'sizeBytes'> = {}): number | undefined =>
  isAlone === true ? undefined : sizeBytes

/** The partition with a change, which a lazy one gets whenever it is read. */
export const withChange = <T>(
  partition: SourcePartition<T>,
  change: (read: Partition<T>) => Partition<T>,
): SourcePartition<T> =>
  isLazy(partition)
    ? {
        ...partition,
        read: async () => {
          const handOut = await partition.read()
          return () => change(handOut())
        },
      }
    : change(partition)

/** The partition with its records. */
export const readNow = async <T>(partition: SourcePartition<T>): Promise<Partition<T>> =>
  isLazy(partition) ? (await partition.read())() : partition

/** Whether the records are still in their source. */
export const isLazy = <T>(partition: SourcePartition<T>): partition is LazyPartition<T> =>
  'read' in partition

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
