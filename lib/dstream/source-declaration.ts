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
}

/** Text from a named place: a binding says what the name stands for, or it is taken literally as `literalUri`. */
export interface TextSource {
  readonly from: 'text'
  readonly name: string
  readonly literalUri: string
  readonly files: FileSelection
}

/** Datasets from the memory of this process. */
export interface QueueSource {
  readonly from: 'queue'
  readonly queue: Queue<unknown>
  readonly oneAtATime: boolean
}

/** What a source node asks the runtime to read. */
export type SourceDeclaration = TextSource | QueueSource
