/**
 * Runs the stages of one batch: in this process, or spread over executors.
 *
 * - A stage whose records are still in their source is spread at once: the batch is large, and a
 *   task can begin anywhere.
 * - A stage that begins with what this process has computed begins here. If its first tasks show
 *   that the others will take long, these are spread, and take their elements along. So
 *   `repartition` divides slow work, and work that is fast costs what it would without executors.
 */
import type { Plan } from '../../dstream/plan.ts'
import { givenRoots, stagePlaces } from '../../dstream/stages.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RDD } from '../../rdd/rdd.ts'
import {
  runHere,
  runHereUntil,
  type Stage,
  StageNumbers,
  type StageSide,
  type TaskRunner,
} from '../../rdd/tasks.ts'
import type { BatchTrace } from './batch-trace.ts'
import { type GivenElements, givenElements } from './given.ts'
import type { StageSpreader } from './stage-spreader.ts'
import type { BatchSpread } from './spread-stage.ts'
import { StageKeeping } from './stage-keeping.ts'
import type { TaskKeeper } from './task-keeper.ts'

/** What the stages of a batch need. */
export interface BatchTasksParts {
  readonly plan: Plan
  /** The RDD of a node. */
  readonly rddOf: (id: string) => Promise<RDD<unknown> | undefined>
  /** Left out: there are no executors. */
  readonly spreader?: StageSpreader | undefined
  readonly spread: BatchSpread
  readonly clock: Pick<Clock, 'now'>
  readonly trace: BatchTrace
  /** Default: {@link SLOW_MS}. */
  readonly slowMs: number | undefined
  /** Keeps what tasks have given. Left out: nothing is kept. */
  readonly keeper?: TaskKeeper | undefined
}

/** Tasks that will take so long, one after the other, are worth the way to executors. */
const SLOW_MS = 200

/** See the head of this file. */
export class BatchTasks implements TaskRunner {
  readonly #parts: BatchTasksParts
  readonly #numbers = new StageNumbers()
  // Made when they are needed: without executors, never.
  #places: ReturnType<typeof stagePlaces> | undefined
  #roots: ReturnType<typeof givenRoots> | undefined

  constructor(parts: BatchTasksParts) {
    this.#parts = parts
  }

  nextStage(node: string, side: StageSide): number {
    return this.#numbers.next(node, side)
  }

  runStage(stage: Stage): Promise<void> {
    return this.#parts.trace.stage(stage, () => this.#run(stage))
  }

  async #run(stage: Stage): Promise<void> {
    const { spreader, spread, keeper } = this.#parts
    if (keeper !== undefined && this.#isKeepable(stage)) return this.#runKeeping(stage, keeper)
    if (stage.isHere === true || stage.count === 1 || spreader?.takes(stage) !== true)
      return runHere(stage)
    if (this.#isAnywhere(stage) && stage.elsewhere === 'unread')
      return void (await spreader.run(stage, spread))
    const given = await this.#givenTo(stage)
    return given === undefined ? runHere(stage) : this.#runWhileFast(stage, given, spreader)
  }

  #isAnywhere({ node }: Stage): boolean {
    const places = (this.#places ??= stagePlaces(this.#parts.plan))
    return places.has(node) && places.get(node) === undefined
  }

  /** What its tasks give follows from the input alone, and can be stored. */
  #isKeepable(stage: Stage): boolean {
    return (
      stage.takenSoFar !== undefined && stage.elsewhere !== 'computed' && this.#isAnywhere(stage)
    )
  }

  /** Takes what an earlier attempt has kept, runs the other tasks, and stops when it must. */
  async #runKeeping(stage: Stage, keeper: TaskKeeper): Promise<void> {
    const { spreader, clock } = this.#parts
    const keeping = new StageKeeping(keeper, stage)
    try {
      if (keeping.isKept) await keeping.restore()
      const isSpread =
        stage.count > 1 && stage.elsewhere === 'unread' && spreader?.takes(stage) === true
      await (isSpread
        ? this.#spreadUntil(stage, keeping, spreader)
        : runHereUntil(stage, keeping, clock))
      keeping.done()
    } finally {
      keeping.close()
    }
  }

  /** If it stops and nothing can be kept, it goes on. */
  async #spreadUntil(stage: Stage, keeping: StageKeeping, spreader: StageSpreader): Promise<void> {
    for (let from = keeping.from; from < stage.count;) {
      if (keeping.isOver(from)) keeping.stop(from)
      from = await spreader.run(stage, this.#parts.spread, { from, stop: keeping })
    }
  }

  /** Runs tasks here, one after the other, as long as they are fast. */
  async #runWhileFast(stage: Stage, given: GivenElements, spreader: StageSpreader): Promise<void> {
    const { clock, spread, slowMs = SLOW_MS } = this.#parts
    let tookMs = 0
    for (let done = 0; done < stage.count;) {
      await stage.ready?.()
      const startMs = clock.now()
      await stage.here(done)
      tookMs += clock.now() - startMs
      done += 1
      const left = stage.count - done
      const leftMs = (tookMs / done) * left
      // The last one would only move.
      if (left > 1 && leftMs >= slowMs)
        return void (await spreader.run(stage, spread, { given, from: done }))
    }
  }

  /** What its tasks begin with, if that is computed here: partition by partition. */
  async #givenTo({ node, count, elsewhere }: Stage): Promise<GivenElements | undefined> {
    const { plan, rddOf } = this.#parts
    if (elsewhere !== 'computed') return undefined
    const root = (this.#roots ??= givenRoots(plan)).get(node)
    if (root === undefined) return undefined
    const rdd = await rddOf(root)
    return rdd?.getNumPartitions() === count ? givenElements(root, rdd) : undefined
  }
}
