/**
 * Finds a stage of a plan, so that a process can compute its tasks without running the batch. It
 * builds the RDDs of the batch up to the first use of the stage, with empty state. What follows the
 * stage never runs: no state is read, and nothing is written.
 */
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { OutputView } from '../../dstream/plan-node.ts'
import { NumberedAdds, type PutAdds } from '../../rdd/adds/adds-table.ts'
import type { OpenParts } from '../../rdd/write-target.ts'
import {
  type Stage,
  stageKey,
  type StageName,
  StageNumbers,
  type StageSide,
  type TaskRunner,
} from '../../rdd/tasks.ts'
import { LiveState } from '../../state/live-state.ts'
import { emptyManifest } from '../../state/manifest.ts'
import { BatchRdds, type BatchRddsParts } from './batch-rdds.ts'
import type { TaskBatch } from './task-request.ts'

/** The batch in which a stage is found. */
export interface StageBatch extends Pick<
  BatchRddsParts,
  'plan' | 'timeMs' | 'zeroMs' | 'records' | 'given' | 'pause'
> {
  /** See the context of an RDD. */
  readonly taskBytes: number | undefined
  /** Opens outputs, for stages that write. Left out: no such stage is asked for. */
  readonly openParts?: OpenParts
  /** Takes what functions add to accumulators. Left out: the plan has none. */
  readonly adds?: PutAdds | undefined
  /** See {@link TaskBatch}. */
  readonly watermarks?: TaskBatch['watermarks']
}

/** The stage to find. Only a node: its first stage with tasks that brings records together. */
export type WantedStage = StageName | Pick<StageName, 'node'>

/** A stage with its tasks. Undefined: the node has no such stage. */
export const findStage = async (
  {
    plan,
    timeMs,
    zeroMs,
    records,
    given,
    pause,
    taskBytes,
    openParts,
    adds,
    watermarks,
  }: StageBatch,
  name: WantedStage,
): Promise<Stage | undefined> => {
  const planned = plan.nodes.find(({ id }) => id === name.node)
  if (planned === undefined) return undefined
  const finder = new StageFinder(name)
  const rdds = new BatchRdds({
    plan,
    timeMs,
    zeroMs,
    records,
    ...(given === undefined ? {} : { given }),
    drafts: (await emptyState(plan, zeroMs, watermarks)).draft(timeMs),
    pause,
    // The search ends before a state moves.
    moveStates: async (_, exchange) => {
      await exchange?.parts()
      return []
    },
    context: {
      write: writeNothing,
      ...(openParts === undefined ? {} : { openParts }),
      tasks: finder,
      taskBytes,
      pause,
      adds: adds && new NumberedAdds(adds),
    },
  })
  try {
    await runTo(planned, rdds, { timeMs, isWrite: 'side' in name && name.side === 'write' })
  } catch (error) {
    if (finder.found === undefined) throw error
  }
  return finder.found
}

/** The state of a new application with these watermarks. */
const emptyState = (
  plan: Plan,
  zeroMs: number,
  watermarks: TaskBatch['watermarks'] = {},
): Promise<LiveState> => {
  const noSegment = async (): Promise<never> => {
    throw new TypeError('who looks for a stage reads no state')
  }
  // What follows the stage does not run, but which records are late shows before it.
  const timers = Object.fromEntries(
    Object.entries(watermarks).map(([id, watermarkMs]) => [
      id,
      { eventTime: { watermarkMs, lanes: [] } },
    ]),
  )
  return LiveState.load(plan, { ...emptyManifest(zeroMs), timers }, noSegment)
}

const writeNothing = async (): Promise<void> => undefined

/** Computes a node as far as its first stages. */
const runTo = async (
  planned: Planned,
  rdds: BatchRdds,
  { timeMs, isWrite }: { readonly timeMs: number; readonly isWrite: boolean },
): Promise<void> => {
  const [input] = await rdds.inputsOf(planned)
  // Only functions of the user look at the attempt, and outputs that have one stay in the driver.
  const attempt = { number: 1, generation: 0, epoch: 0 }
  const view: OutputView = { timeMs, attempt, write: writeNothing }
  if (planned.node.role === 'output')
    await (isWrite ? input && planned.node.run(input, view) : input?.partitions())
  else await (await rdds.of(planned.id))?.partitions()
}

/** Ends what runs when it has found a stage. */
class StageFinder implements TaskRunner {
  readonly #name: WantedStage
  readonly #numbers = new StageNumbers()
  found: Stage | undefined

  constructor(name: WantedStage) {
    this.#name = name
  }

  nextStage(node: string, side: StageSide): number {
    return this.#numbers.next(node, side)
  }

  async runStage(stage: Stage): Promise<void> {
    // Another stage of the node comes first: what it gives is not needed here.
    if (!this.#isWanted(stage)) return
    this.found = stage
    throw new Error('the stage was found')
  }

  #isWanted(stage: Stage): boolean {
    const name = this.#name
    if ('side' in name) return stageKey(stage) === stageKey(name)
    const brings = stage.side === 'map' || stage.side === 'exchange'
    return brings && stage.node === name.node && stage.count > 0
  }
}
