/**
 * Tasks: the parts of a batch that can be computed on their own. A batch is cut at its shuffles:
 *
 *   map task      one partition before a shuffle: its fused steps, combined by key, as one bucket
 *                 for each partition after the shuffle
 *   reduce task   one partition after a shuffle: its bucket of each map task, merged in their order
 *   result task   one partition that an output or an action takes
 *
 * A task is named by the node whose RDD it is for, so any process with the same plan can find it.
 * Results are the same whatever computes them and in whatever order: merging is by the order of
 * partitions and keys, never of arrival (B3).
 */

/** What a task computes. */
export type TaskSide = 'map' | 'reduce' | 'result'

/** The name of a task within its batch. */
export interface TaskName {
  /** The id of the node whose RDD it is for. */
  readonly node: string
  /** Which shuffle of the node it belongs to, from 1. A result task belongs to none: 0. */
  readonly shuffle: number
  readonly side: TaskSide
  readonly partition: number
}

/** Runs tasks. */
export interface TaskRunner {
  /** The number of the next shuffle of a node, from 1. Asked in the order of the user's calls. */
  nextShuffle(node: string): number
  /** Runs the work of a task, here or elsewhere. */
  run<R>(task: TaskName, work: () => Promise<R>): Promise<R>
}

/** Outside of a batch tasks have no address, and run where they are asked for. */
export const NO_TASKS: TaskRunner = {
  nextShuffle: () => 1,
  run: (_, work) => work(),
}
