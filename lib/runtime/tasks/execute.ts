/**
 * Runs the graph of a plan for one batch: first the stateful nodes, then the outputs in the order
 * of their definition, with the RDDs that they need.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { asMillraceError, isMillraceError, MillraceError } from '../../base/errors.ts'
import type { Plan } from '../../dstream/plan.ts'
import type { OutputNode, OutputView } from '../../dstream/plan-node.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Fence } from '../../ports/fence.ts'
import { type AddsTable, NumberedAdds } from '../../rdd/adds/adds-table.ts'
import type { BadKey } from '../../rdd/bad-records.ts'
import type { RddContext } from '../../rdd/context.ts'
import type { RDD } from '../../rdd/rdd.ts'
import type { OpenParts, WritePartitions } from '../../rdd/write-target.ts'
import type { FinishedOutput } from '../../state/finished-output.ts'
import type { StateDrafts } from '../../state/state-drafts.ts'
import { blamed } from '../blame.ts'
import { deadLetterOfKey } from '../dead-letters/of-key.ts'
import { encodeOnly } from '../sinks/encode-only.ts'
import type { Outputs } from '../sinks/outputs.ts'
import { BatchRdds, type BatchRddsParts, type MoveStates } from './batch-rdds.ts'
import { BatchTasks, type BatchTasksParts } from './batch-tasks.ts'
import { StateMoves } from './move-states.ts'
import type { BatchTrace } from './batch-trace.ts'
import type { OutputsDone } from './outputs-done.ts'
import type { BatchSpread } from './spread-stage.ts'
import type { StageSpreader } from './stage-spreader.ts'
import type { TaskKeeper } from './task-keeper.ts'

/** One attempt at one batch. */
export interface Execution extends Pick<
  BatchRddsParts,
  'plan' | 'timeMs' | 'zeroMs' | 'records' | 'pause'
> {
  readonly attemptNumber: number
  readonly fence: Fence
  readonly drafts: StateDrafts
  /** What its stages need when they are spread. Takes also what is put aside after a shuffle. */
  readonly spread: BatchSpread
  /** Left out: all tasks run in this process. */
  readonly spreader?: StageSpreader | undefined
  readonly outputs: Outputs
  /** Names the segments of this attempt. */
  readonly attemptId: string
  readonly clock: Clock
  /** Follows what runs. */
  readonly trace: BatchTrace
  /** See {@link Runner.slowMs}. */
  readonly slowMs: number | undefined
  /** See {@link Runner.stateBytes}. */
  readonly stateBytes: number | undefined
  /** The most bytes of small partitions that are one task. Undefined: the default. */
  readonly taskBytes: number | undefined
  /**
   * Outputs that an earlier attempt has finished: they do not run again. Outputs that run now are
   * added.
   */
  readonly outputsDone: OutputsDone
  /** Takes what functions add to accumulators. Left out: the plan has none. */
  readonly adds?: AddsTable | undefined
  /** Ends the attempt when it must hand on. Left out: it never must. */
  readonly keeper?: TaskKeeper | undefined
}

/**
 * Runs all stateful nodes, then all outputs. Changes of state go into the drafts.
 *
 * `besideOutputs` runs at the same time as the outputs: from then on, the drafts do not change. If
 * an output fails, the others still run. The batch fails after all of them have run.
 */
export const execute = async <T>(
  execution: Execution,
  besideOutputs: () => Promise<T>,
): Promise<T> => {
  const rdds = new WrittenRdds(execution)
  // Functions of outputs that are done are not called again.
  for (const one of execution.outputsDone.adds) execution.adds?.put(one)
  const failure = await computeStates(execution.plan, rdds)
  execution.keeper?.check()
  const byStates = rdds.takeWritten()
  const [, result] = await allOrFirstError([
    runOutputs(execution, rdds),
    besideComplete(failure, besideOutputs),
  ])
  for (const one of [...byStates, ...rdds.takeWritten()]) execution.outputsDone.wrote(one)
  return result
}

/** Nothing is written of a state that could not be computed. */
const besideComplete = async <T>(
  failure: { readonly cause: unknown } | undefined,
  besideOutputs: () => Promise<T>,
): Promise<T> => {
  if (failure !== undefined) throw failure.cause
  return besideOutputs()
}

/** State advances in every batch, even if no output needs it. */
const computeStates = async (
  { operators }: Plan,
  rdds: WrittenRdds,
): Promise<{ readonly cause: unknown } | undefined> => {
  let failure: { readonly cause: unknown } | undefined
  for (const { id, node } of operators) {
    if (node.stateful === undefined) continue
    try {
      await rdds.of(id)
    } catch (cause) {
      // Outputs that do not need this node still run.
      failure ??= { cause }
    }
  }
  return failure
}

const runOutputs = async (execution: Execution, rdds: WrittenRdds): Promise<void> => {
  const failures = new Map<string, unknown>()
  const { keeper, adds } = execution
  for (const planned of execution.plan.outputs) {
    const { id, node, parents } = planned
    keeper?.checkTime()
    try {
      const isDone = execution.outputsDone.has(id)
      const context = isDone ? encodingContext(execution, rdds.context) : rdds.context
      const input = (await rdds.of(parents[0] as string))?.within(context, id)
      if (input !== undefined && isDone) await computeAgain(node, input, rdds.outputView, context)
      else if (input !== undefined)
        await execution.trace.output(id, async () => node.run(input, rdds.outputView))
      // Its function may have caught the error that ends the attempt, and is not done.
      keeper?.check()
      execution.outputsDone.done(id, rdds.takeWritten(), adds?.ofNode(id))
    } catch (error) {
      // What an output wrote before it failed is not shown to readers.
      rdds.takeWritten()
      // A newer attempt has this batch: nothing that this attempt does counts any more.
      if (isMillraceError(error) && error.code === 'OUTPUT_FENCED') throw error
      keeper?.check()
      failures.set(id, blamed(error, planned, execution.plan))
    }
  }
  if (failures.size > 0) throw failureOf(failures)
}

/**
 * Computes an output that is already done, and encodes what it writes: this attempt too must know
 * its dead letters. A function of the user is not called again.
 */
const computeAgain = async (
  node: OutputNode,
  input: RDD<unknown>,
  view: OutputView,
  { write }: RddContext,
): Promise<void> => {
  try {
    if (node.writesTo === undefined) await input.partitions()
    else await node.run(input, { ...view, write, isDone: true })
  } catch (error) {
    // What could not be read may hold a bad record: without it, its dead letter would be lost.
    if (isMillraceError(error) && error.retryable) throw error
    // The earlier attempt has not failed here, and its output stays.
  }
}

/** A context in which outputs are encoded, and nothing is written. */
const encodingContext = ({ outputs }: Execution, context: RddContext): RddContext => ({
  ...context,
  async write(target, partitions): Promise<void> {
    for (const elements of partitions) outputs.encode(target, elements)
  },
  openParts: async (target) =>
    encodeOnly((elements) => outputs.encode(target, elements) as Uint8Array),
})

/**
 * One error for all failures: the common one, or one that names all outputs with the code of the
 * first.
 */
const failureOf = (failures: ReadonlyMap<string, unknown>): MillraceError => {
  const errors = [...failures].map(([id, error]) =>
    asMillraceError(error, 'BATCH_FAILED', { problem: `The output ${id} failed` }),
  )
  const [first] = errors as [MillraceError]
  if (errors.every(({ message }) => message === first.message)) return first
  return new MillraceError(first.code, {
    problem: `${errors.length} outputs failed`,
    value: [...failures.keys()],
    retryable: first.retryable,
    cause: new AggregateError(errors, errors.map(({ message }) => message).join('\n')),
  })
}

/** The RDDs of a batch, and what was written of them. */
class WrittenRdds extends BatchRdds {
  readonly context: RddContext
  readonly outputView: OutputView
  readonly #written: FinishedOutput[]

  constructor(execution: Execution) {
    const written: FinishedOutput[] = []
    const context = contextOf(execution, written, (id) => this.of(id))
    super({ ...execution, context, moveStates: tracedMoves(execution) })
    this.context = context
    this.#written = written
    const { timeMs, fence, attemptNumber } = execution
    this.outputView = {
      timeMs,
      attempt: { number: attemptNumber, generation: fence.generation, epoch: fence.epoch },
      write: context.write,
    }
  }

  /** What was written since the last call, and must be published after the commit. */
  takeWritten(): readonly FinishedOutput[] {
    return this.#written.splice(0)
  }
}

/** The moves of a state are a stage, with a task for each partition. */
const tracedMoves = (execution: Execution): MoveStates => {
  const { move } = new StateMoves(execution)
  return (planned, exchange, view) => {
    const count = planned.node.stateful?.partitions ?? 0
    return execution.trace.stage({ node: planned.id, side: 'state', count }, () =>
      move(planned, exchange, view),
    )
  }
}

const contextOf = (
  execution: Execution,
  written: FinishedOutput[],
  rddOf: BatchTasksParts['rddOf'],
): RddContext => {
  const { plan, timeMs, fence, outputs, taskBytes, pause, spread, adds } = execution
  const write: WritePartitions = async (target, partitions) => {
    const finished = await outputs.write(target, partitions, { timeMs, fence })
    if (finished !== undefined) written.push(finished)
  }
  const openParts: OpenParts = (target) =>
    outputs.openParts(target, { timeMs, fence }, (finished) => void written.push(finished))
  const { onBadKey, poison } = plan.options
  const reject = (bad: BadKey): void => spread.putAside(deadLetterOfKey(timeMs, bad))
  return {
    write,
    openParts,
    tasks: new BatchTasks({ ...execution, rddOf }),
    taskBytes,
    pause,
    keys: onBadKey === 'fail' ? undefined : { limits: poison, reject },
    adds: adds && new NumberedAdds(adds),
  }
}
