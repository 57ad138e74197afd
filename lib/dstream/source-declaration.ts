import type { RDD } from '../rdd/rdd.ts'

/**
 * What the batches of a queueStream come from: the user's own array, taken from its front.
 *
 * @example const queue: Queue<number> = [[1, 2], parallelize([3])]
 */
export type Queue<T> = (readonly T[] | RDD<T>)[]

/**
 * Makes the elements of a file of its bytes.
 *
 * @example const sizes: FileReader<number> = (bytes) => [bytes.length]
 */
export type FileReader<T = unknown> = (bytes: Uint8Array, path: string) => Iterable<T>

/** Which files of a watched place are taken, and what becomes of them. */
export interface FileSelection {
  /**
   * `'ignore'`: only files modified after the application first started and within `rememberMs` before the batch time, as Spark does.
   * `'all'`: everything that is there, oldest first, each path once.
   */
  readonly existing: 'ignore' | 'all'
  /** How far back a modification time may lie. */
  readonly rememberMs: number
  /**
   * For so long after a batch has taken a path, it is ignored whatever is written there. As in Spark, which forgets a batch only when one that
   * is more than `rememberMs` later has been completed.
   */
  readonly ignoredMs: number
  /** Whether what is written over something that was taken is new data. Undefined: as the place has it. */
  readonly onOverwrite?: 'new' | 'ignore'
  /** Whether a file is taken, by its path below the place. Undefined: all are. */
  readonly filter?: (path: string) => boolean
  /** Undefined: the lines of its text. */
  readonly read?: FileReader
}

/** Text, or files read in another way, from a named place: a binding says what the name stands for, or it is taken literally as `literalUri`. */
export interface TextSource {
  readonly from: 'text'
  readonly name: string
  readonly literalUri: string
  readonly files: FileSelection
}

/**
 * One record of a Kinesis stream, as `kinesisStream` hands it over. What the Kinesis Producer Library has packed into one record is taken
 * apart: each of its user records is one of these.
 *
 * @example const keyOf = ({ partitionKey }: KinesisRecord): string => partitionKey
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

/**
 * Where a stream is read from when the application first starts. Later on it goes on where it was.
 *
 * @example const start: KinesisStart = { at: new Date('2026-01-01') }
 */
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
  /** The dataset of a batch for which the queue has none. */
  readonly whenEmpty: Queue<unknown>[number] | undefined
}

/**
 * What a receiver can do.
 *
 * @example const greet = async ({ store }: Receiving<string>): Promise<void> => void (await store('hello'))
 */
export interface Receiving<T> {
  /**
   * Stores records, in order. Resolves when they are durable: only then may the receiver acknowledge them to wherever they came from. Who
   * does not wait may lose what is under way when the process ends. Calls may overlap.
   */
  readonly store: (...records: readonly T[]) => Promise<void>
  /** Says something to the person who watches: connected, lost, connecting again. */
  readonly report: (message: string) => void
  /** Aborted when the run ends: the receiver is to end too. */
  readonly signal: AbortSignal
}

/**
 * Receives until there is no more, or until its signal is aborted.
 *
 * @example const greeting: Receive<string> = async ({ store }) => void (await store('hello'))
 */
export type Receive<T> = (receiving: Receiving<T>) => Promise<void>

/** Records from a function that runs beside the pipeline. */
export interface ReceiverSource {
  readonly from: 'receiver'
  readonly receive: Receive<unknown>
}

/** What a source node asks the runtime to read. */
export type SourceDeclaration = TextSource | KinesisSource | QueueSource | ReceiverSource

/** What a source is called: as the pipeline calls it, so that it can be bound; what lives in the process has only the id of its node. */
export const sourceName = (id: string, source: SourceDeclaration): string =>
  'name' in source ? source.name : id
