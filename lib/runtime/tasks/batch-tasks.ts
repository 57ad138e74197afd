import type { MapTasks, TaskName, TaskRunner } from '../../rdd/tasks.ts'

/** The address of a task among all tasks of an application. */
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
 * Runs the work of a task. It runs once, because a reduce task takes over the results of the map
 * tasks.
 */
export type Executor = <R>(task: TaskAddress, work: () => Promise<R>) => Promise<R>

/** Runs each task in this process. */
export const inProcess: Executor = (_, work) => work()

/** Gives each task of a batch its address, and runs it on an executor. */
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

  async runMaps({ node, shuffle, count, here, pack, take }: MapTasks): Promise<void> {
    for (let partition = 0; partition < count; partition++) {
      if (this.#execute === inProcess) await here(partition)
      else
        await take(await this.run({ node, shuffle, side: 'map', partition }, () => pack(partition)))
    }
  }
}
