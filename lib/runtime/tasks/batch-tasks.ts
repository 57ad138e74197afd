/**
 * Runs the stages of one batch: in this process, or spread over executors.
 *
 * A stage is spread if its records are still in their source: then the batch is large, and a task
 * can begin anywhere. A small batch never is: its records are in this process already, and it costs
 * what it would cost without executors.
 */
import type { StagePlace } from '../../dstream/stages.ts'
import {
  runHere,
  type Stage,
  StageNumbers,
  type StageSide,
  type TaskRunner,
} from '../../rdd/tasks.ts'
import type { StageSpreader } from './stage-spreader.ts'
import type { BatchSpread } from './spread-stage.ts'

/** What the stages of a batch need. */
export interface BatchTasksParts {
  /** Where each node may begin a stage. */
  readonly places: ReadonlyMap<string, StagePlace>
  /** Left out: there are no executors. */
  readonly spreader?: StageSpreader | undefined
  readonly spread: BatchSpread
}

/** See the head of this file. */
export class BatchTasks implements TaskRunner {
  readonly #parts: BatchTasksParts
  readonly #numbers = new StageNumbers()

  constructor(parts: BatchTasksParts) {
    this.#parts = parts
  }

  nextStage(node: string, side: StageSide): number {
    return this.#numbers.next(node, side)
  }

  async runStage(stage: Stage): Promise<void> {
    const { places, spreader, spread } = this.#parts
    const isAnywhere = places.has(stage.node) && places.get(stage.node) === undefined
    const isSpread = isAnywhere && stage.elsewhere === 'unread' && stage.count > 1
    if (!isSpread || spreader?.takes(stage) !== true) return runHere(stage)
    return spreader.run(stage, spread)
  }
}
