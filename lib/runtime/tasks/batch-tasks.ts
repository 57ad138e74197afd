import type { TaskName, TaskRunner } from '../../rdd/tasks.ts'

/** Where a task stands among all tasks of an application. */
export interface TaskAddress extends TaskName {
  /** The batch time. */
  readonly timeMs: number
}

/** The address as text, for logs and pages. */
export const taskId = ({ timeMs, node, shuffle, side, partition }: TaskAddress): string =>
  shuffle === 0
    ? `${timeMs}/${node}/${side}/${partition}`
    : `${timeMs}/${node}/${shuffle}/${side}/${partition}`

/**
 * Runs the work of a task that has an address: once, since a reduce task takes over what the map
 * tasks have given.
 */
export type Executor = <R>(task: TaskAddress, work: () => Promise<R>) => Promise<R>

/** Runs each task where it is asked for. */
export const inProcess: Executor = (_, work) => work()

/** Runs the tasks of one batch: gives each its address, and hands it to an executor. */
export class BatchTasks implements TaskRunner {
  readonly #timeMs: number
  readonly #execute: Executor
  readonly #shuffles = new Map<string, number>()

  constructor(timeMs: number, execute: Executor) {
    this.#timeMs = timeMs
    this.#execute = execute
  }

  nextShuffle(node: string): number {
    const next = (this.#shuffles.get(node) ?? 0) + 1
    this.#shuffles.set(node, next)
    return next
  }

  run<R>(task: TaskName, work: () => Promise<R>): Promise<R> {
    return this.#execute({ ...task, timeMs: this.#timeMs }, work)
  }
}
