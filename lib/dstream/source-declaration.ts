import type { RDD } from '../rdd/rdd.ts'

/** What the batches of a queueStream come from: the user's own array, taken from its front. */
export type Queue<T> = (readonly T[] | RDD<T>)[]

/** Which files of a watched place are taken. */
export interface FileSelection {
  /**
   * `'ignore'`: only files modified after the application first started and within `rememberMs` before the batch time, as Spark does.
   * `'all'`: everything that is there, oldest first, each path once.
   */
  readonly existing: 'ignore' | 'all'
  /** How far back a modification time may lie, and for how long a taken path is remembered. */
  readonly rememberMs: number
  /** Whether what is written over something that was taken is new data. Undefined: as the place has it. */
  readonly onOverwrite?: 'new' | 'ignore'
}

/** Text from a named place: a binding says what the name stands for, or it is taken literally as `literalUri`. */
export interface TextSource {
  readonly from: 'text'
  readonly name: string
  readonly literalUri: string
  readonly files: FileSelection
}

/**
 * One record of a Kinesis stream, as `kinesisStream` hands it over. What the Kinesis Producer Library has packed into one record is taken
 * apart: each of its user records is one of these.
 */
export interface KinesisRecord {
  /** The bytes that were put. */
  readonly data: Uint8Array
  readonly partitionKey: string
  /** As Kinesis gave it: decimal digits, to be compared as a BigInt. The user records of one aggregated record share it. */
  readonly sequenceNumber: string
  /** Which user record of an aggregated record this is, from 0; 0 for a record that is not aggregated. */
  readonly subSequenceNumber: number
  /** When Kinesis took the record, approximately: not exact, and not always increasing. */
  readonly arrivalTime: Date
}

/** Where a stream is read from when the application first starts. Later on it goes on where it was. */
export type KinesisStart = 'trimHorizon' | { readonly at: Date }

/** Records of a Kinesis stream that a binding names. */
export interface KinesisSource {
  readonly from: 'kinesis'
  readonly name: string
  /** `'text'`: each record is a string, decoded where it comes in. `'records'`: each is a {@link KinesisRecord}. */
  readonly elements: 'text' | 'records'
  readonly startFrom: KinesisStart
  /** Where text is bound to a directory: everything that is there, as from the beginning of a stream. */
  readonly files: FileSelection
}

/** Datasets from the memory of this process. */
export interface QueueSource {
  readonly from: 'queue'
  readonly queue: Queue<unknown>
  readonly oneAtATime: boolean
}

/** What a source node asks the runtime to read. */
export type SourceDeclaration = TextSource | KinesisSource | QueueSource
