/** What the two sides of a shuffle share. */
import type { Coded } from '../base/keys.ts'
import type { Pause } from '../base/pauses.ts'
import type { KeyRejection } from './bad-records.ts'
import type { Elsewhere } from './elsewhere.ts'
import type { Partition } from './partition.ts'
import type { TaskRunner } from './tasks.ts'

/** How a shuffle combines values by key. */
export interface Shuffle<V, W> {
  /** The label of the operator, for errors of its function. */
  readonly label: string
  /** The number of partitions after the shuffle. */
  readonly partitions: number
  /** Begins with the first value of a key in a task. */
  readonly create: (value: V) => W
  /** Adds one more value of the key. */
  readonly add: (combined: W, value: V) => W
  /** Merges what two tasks have of one key: the earlier task first. */
  readonly merge: (a: W, b: W) => W
}

/** What an operator says of its shuffle. */
export interface Combining<V, W> extends Pick<Shuffle<V, W>, 'create' | 'add' | 'merge'> {
  /** The result has keys in the form inside Millrace, for an operator that goes on by key. */
  readonly coded?: boolean
}

/** Pairs in the order of keys. Keys are in the form inside Millrace. */
export type Bucket<K, W> = [Coded<K>, W][]

/** What a shuffle needs of its RDD and its batch. */
export interface ShuffleInput<K, V> {
  /** Runs the tasks that must run first. */
  readonly prepare: () => Promise<void>
  readonly partitionCount: number
  readonly partitionAt: (index: number, until?: number) => Promise<Partition<readonly [K, V]>>
  /** See {@link Partition.sizeBytes}. */
  readonly sizeOf: (index: number) => number | undefined
  /** The most bytes of small partitions that are one task. Undefined: the default. */
  readonly taskBytes: number | undefined
  readonly tasks: TaskRunner
  /** The number of the stage within its node. */
  readonly number: number
  /** Whether another process can run the map tasks. */
  readonly elsewhere: Elsewhere
  /** Puts aside the keys whose values cannot be merged. */
  readonly keys?: KeyRejection | undefined
  readonly pause?: Pause | undefined
}
