/**
 * Tasks are the parts of a batch that can be computed independently. A stage is a set of tasks of
 * which none waits for another one. Shuffles divide a batch into stages:
 *
 *   map stage        before a shuffle: the fused steps of some partitions, combined by key
 *   exchange stage   the same, divided among the partitions of an operator that keeps state
 *   result stage     the elements of some partitions, for an output or an action
 *
 * A stage is named after the node of its RDD, so any process with the same plan can find it.
 * Results do not depend on which process computes a task, or in which order: what a task is follows
 * from the sizes of partitions alone, and results are merged in the order of tasks and keys, never
 * in the order of arrival (B3).
 */
import type { Elsewhere } from './elsewhere.ts'

/**
 * The kind of a stage. The tasks of an exchange divide what they give among the partitions of an
 * operator that keeps state: see exchange.ts. The tasks of a state move these partitions. The tasks
 * of a write encode and write the parts of an output.
 */
export type StageSide = 'map' | 'result' | 'exchange' | 'state' | 'write'

/** The name of a stage within its batch. */
export interface StageName {
  /** The id of the node of its RDD. */
  readonly node: string
  readonly side: StageSide
  /** Its number among the stages of its node and side, from 1. */
  readonly number: number
}

/** A stage that can be run. */
export interface Stage extends StageName {
  /** The number of tasks. */
  readonly count: number
  /** Whether its tasks can run in another process. */
  readonly elsewhere: Elsewhere
  /** Whether all tasks run in this process, wherever their elements are. Default: no. */
  readonly isHere?: boolean | undefined
  /**
   * Called before a task runs in this process. It waits for something else than a processor, so the
   * time does not count as work. Default: nothing is waited for.
   */
  readonly ready?: () => Promise<void>
  /** Called once before tasks go to other processes. Default: nothing is to be done. */
  readonly admit?: () => Promise<void>
  /** Runs a task in this process, and takes its result at once. */
  readonly here: (index: number) => Promise<void>
  /** Runs a task. Gives the result as plain data, which another process can encode. */
  readonly pack: (index: number) => Promise<unknown>
  /** Takes a result of `pack`. */
  readonly take: (data: unknown) => Promise<void> | void
  /** How many keys the tasks have given together. Asked when they are done. Left out: not known. */
  readonly gave?: () => number
  /**
   * What the tasks so far have given, as one result of `pack`: `take` can take it before those of
   * the tasks after them. Called between two tasks. Left out: there is no such result.
   */
  readonly takenSoFar?: () => unknown
}

/** Asked between the tasks of a stage whether it must stop. */
export interface StageStop {
  /** The first task that is to run. What those before it give is taken. */
  readonly from: number
  /** Whether the next task must not begin. */
  isOver(taken: number): boolean
  /** Throws if the stage ends here. Returns if it goes on. */
  stop(taken: number): void
  /** A task has taken so long. */
  took(durationMs: number): void
}

/** Runs stages. */
export interface TaskRunner {
  /**
   * The number of the next stage of a node and a side, from 1. Called in the order of the calls in
   * user code.
   */
  nextStage(node: string, side: StageSide): number
  /**
   * Runs all tasks of a stage, here or elsewhere, perhaps several at the same time. Results are
   * taken in the order of the tasks.
   */
  runStage(stage: Stage): Promise<void>
}

/** The name of a stage as text. */
export const stageKey = ({ node, side, number }: StageName): string => `${node}/${side}/${number}`

/** Numbers the stages of each node and side, in the order of the calls. */
export class StageNumbers {
  readonly #last = new Map<string, number>()

  next(node: string, side: StageSide): number {
    const name = `${node}/${side}`
    const next = (this.#last.get(name) ?? 0) + 1
    this.#last.set(name, next)
    return next
  }
}

/** Runs one task after the other in this process. */
export const runHere = async ({ count, ready, here }: Stage): Promise<void> => {
  for (let index = 0; index < count; index++) {
    await ready?.()
    await here(index)
  }
}

/** The same, and asks before each task whether to stop. */
export const runHereUntil = async (
  { count, ready, here }: Stage,
  stop: StageStop,
  clock: { now(): number },
): Promise<void> => {
  for (let index = stop.from; index < count; index++) {
    if (stop.isOver(index)) stop.stop(index)
    await ready?.()
    const startMs = clock.now()
    await here(index)
    stop.took(clock.now() - startMs)
  }
}

/** Outside of a batch, stages have no names in a plan. */
export const NO_TASKS: TaskRunner = { nextStage: () => 1, runStage: runHere }
