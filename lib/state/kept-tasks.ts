/** What an attempt has kept of the tasks that it has done: the head names it, for the next one. */
import { type PackedRef, type SegmentRef, unpackRef } from './segments.ts'

/**
 * The node of segments that belong to a batch that is logged and not yet committed: its input, and
 * what is kept of its tasks. So one sweep finds both.
 */
export const LOGGED_BATCH_NODE = '@batch'

/** What the first tasks of a stage have given. */
export interface KeptStage {
  /** The name of the stage: see `stageKey`. */
  readonly stage: string
  /** So many tasks are done, of so many. */
  readonly tasks: number
  readonly count: number
  /** The segment that holds what they have given. */
  readonly ref: PackedRef
}

/** What is kept of the tasks of a batch. It is true for one plan and one reading of the input. */
export interface KeptTasks {
  /** The deployment that computed them: its number and the hash of its plan. */
  readonly generation: number
  readonly plan: string
  /** What it has found where it read the input: see `foundText`. */
  readonly found: string
  readonly stages: readonly KeptStage[]
}

/** The reference of what is kept of a stage. */
export const keptRef = ({ ref }: KeptStage): SegmentRef => unpackRef(LOGGED_BATCH_NODE, 0, ref)

/** The name of what one attempt has kept of a stage. `number`: counts what it has kept. */
export const keptBy = (attemptId: string, number: number): string => `${attemptId}.k${number}`

/** Whether a segment holds what was kept of the tasks of a batch: its name says so. */
export const isKeptTask = ({ node, by }: Pick<SegmentRef, 'node' | 'by'>): boolean =>
  node === LOGGED_BATCH_NODE && by.includes('.k')

/** How many tasks are done. */
export const keptCount = (stages: Iterable<Pick<KeptStage, 'tasks'>>): number =>
  Iterator.from(stages).reduce((total, { tasks }) => total + tasks, 0)
