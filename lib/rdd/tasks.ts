/**
 * Tasks are the parts of a batch that can be computed independently. Shuffles divide a batch:
 *
 *   map task      some partitions before a shuffle: their fused steps, combined by key
 *   result task   one partition that an output or an action uses
 *
 * A task is named after the node of its RDD, so any process with the same plan can find it. Results
 * do not depend on which process computes a task, or in which order: values are merged by the order
 * of partitions and keys, never by the order of arrival (B3).
 */

/** The kind of a task. */
export type TaskSide = 'map' | 'result'

/** The name of a task within its batch. */
export interface TaskName {
  /** The id of the node of its RDD. */
  readonly node: string
  /** The number of its shuffle within the node, from 1. A result task belongs to no shuffle: 0. */
  readonly shuffle: number
  readonly side: TaskSide
  readonly partition: number
}

/** Runs tasks. */
export interface TaskRunner {
  /**
   * The number of the next shuffle of a node, from 1. Called in the order of the calls in user
   * code.
   */
  nextShuffle(node: string): number
  /** Runs the work of a task, here or elsewhere. */
  run<R>(task: TaskName, work: () => Promise<R>): Promise<R>
  /**
   * Runs the map tasks of a shuffle, here or elsewhere, perhaps several at the same time. Results
   * are taken in the order of the tasks.
   */
  runMaps(tasks: MapTasks): Promise<void>
}

/** All map tasks of a shuffle. */
export interface MapTasks {
  readonly node: string
  readonly shuffle: number
  readonly count: number
  /** Runs a task, and takes its result at once. */
  readonly here: (index: number) => Promise<void>
  /** Runs a task. Gives the result as plain data: so it can run elsewhere. */
  readonly pack: (index: number) => Promise<unknown>
  /** Takes a result of `pack`. */
  readonly take: (data: unknown) => Promise<void>
}

/** Outside of a batch, tasks have no names in a plan. Each one runs at once, in this process. */
export const NO_TASKS: TaskRunner = {
  nextShuffle: () => 1,
  run: (_, work) => work(),
  runMaps: async ({ count, here }) => {
    for (let index = 0; index < count; index++) await here(index)
  },
}
