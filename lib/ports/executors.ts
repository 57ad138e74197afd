/**
 * Processes that compute tasks of a batch for the driver. Each has the same module as the driver,
 * and reads the records of a task itself. What an executor gives is no more than a result: nothing
 * is true before the commit of the driver, so an executor may die, answer late, or answer twice.
 */
export interface Executors {
  /** How many executors there are. They are numbered from 0. */
  readonly count: number
  /** The names of functions that are executors. Left out: they are none. */
  readonly names?: readonly string[]
  /**
   * How many tasks one executor is given at a time. It runs one after the other, so more than one
   * only spares it the wait for the next.
   */
  readonly tasksAtOnce: number
  /**
   * Runs a task on an executor. `request` is plain data that JSON can hold, and `data` the bytes
   * that belong to it. Fulfilled with the answer of the task server on the other side.
   *
   * Rejects when there is no answer: the executor has ended, or the call failed. Rejects soon after
   * the signal is aborted, whatever the executor does.
   */
  run(
    executor: number,
    request: object,
    signal: AbortSignal,
    data?: Uint8Array,
  ): Promise<Uint8Array>
}
