/**
 * Runs the graph of a plan for one batch: first the stateful nodes, then the outputs in the order
 * of their definition, with the RDDs that they need.
 */
import { allOrFirstError } from '../../base/concurrency.ts'
import { asMillraceError, isMillraceError, MillraceError } from '../../base/errors.ts'
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { BatchView, OperatorNode, OutputView, PlanNode } from '../../dstream/plan-node.ts'
import type { Fence } from '../../ports/fence.ts'
import type { BadKey } from '../../rdd/bad-records.ts'
import type { SourcePartition } from '../../rdd/partition.ts'
import type { RddContext } from '../../rdd/context.ts'
import type { Pause } from '../../base/pauses.ts'
import { type RDD, rddOfPartitions } from '../../rdd/rdd.ts'
import type { WritePartitions } from '../../rdd/write-target.ts'
import type { FinishedOutput } from '../../state/finished-output.ts'
import type { StateDrafts } from '../../state/state-drafts.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import type { Panes } from '../../state/operator/panes.ts'
import { blamed } from '../blame.ts'
import { deadLetterOfKey } from '../dead-letters/of-key.ts'
import type { Outputs } from '../sinks/outputs.ts'
import type { PutAside } from '../sources/source-reader.ts'
import { BatchTasks, type Executor } from './batch-tasks.ts'
import type { OutputsDone } from './outputs-done.ts'

/** One attempt at one batch. */
export interface Execution {
  readonly plan: Plan
  readonly timeMs: number
  readonly zeroMs: number
  readonly attemptNumber: number
  readonly fence: Fence
  /** The partitions of each source, by its id. */
  readonly records: ReadonlyMap<string, readonly SourcePartition<unknown>[]>
  readonly drafts: StateDrafts
  /** Takes what is put aside after a shuffle. */
  readonly putAside: PutAside
  readonly outputs: Outputs
  readonly executor: Executor
  readonly pause: Pause
  /**
   * Outputs that an earlier attempt has finished: they do not run again. Outputs that run now are
   * added.
   */
  readonly outputsDone: OutputsDone
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
  const rdds = new BatchRdds(execution)
  const failure = await computeStates(execution.plan, rdds)
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
  rdds: BatchRdds,
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

const runOutputs = async (execution: Execution, rdds: BatchRdds): Promise<void> => {
  const failures = new Map<string, unknown>()
  for (const planned of execution.plan.outputs) {
    const { id, node, parents } = planned
    try {
      const input = (await rdds.of(parents[0] as string))?.within(rdds.context, id)
      if (execution.outputsDone.has(id)) await computeAgain(input)
      else if (input !== undefined) await node.run(input, rdds.outputView)
      execution.outputsDone.done(id, rdds.takeWritten())
    } catch (error) {
      // What an output wrote before it failed is not shown to readers.
      rdds.takeWritten()
      // A newer attempt has this batch: nothing that this attempt does counts any more.
      if (isMillraceError(error) && error.code === 'OUTPUT_FENCED') throw error
      failures.set(id, blamed(error, planned, execution.plan))
    }
  }
  if (failures.size > 0) throw failureOf(failures)
}

/**
 * Computes the RDD of an output that is already done: this attempt too must know its dead letters.
 */
const computeAgain = async (input: RDD<unknown> | undefined): Promise<void> => {
  await input?.partitions().catch(() => undefined)
}

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

class BatchRdds {
  readonly context: RddContext
  readonly #execution: Execution
  readonly #planned: ReadonlyMap<string, Planned>
  readonly #made = new Map<string, Promise<RDD<unknown> | undefined>>()
  #written: FinishedOutput[] = []

  constructor(execution: Execution) {
    const { plan, timeMs, fence, outputs, executor, pause } = execution
    this.#execution = execution
    this.#planned = new Map(plan.nodes.map((planned) => [planned.id, planned]))
    const write: WritePartitions = async (target, partitions) => {
      const finished = await outputs.write(target, partitions, { timeMs, fence })
      if (finished !== undefined) this.#written.push(finished)
    }
    const { onBadKey, poison } = plan.options
    const reject = (bad: BadKey): void => execution.putAside(deadLetterOfKey(timeMs, bad))
    this.context = {
      write,
      tasks: new BatchTasks(timeMs, executor),
      pause,
      keys: onBadKey === 'fail' ? undefined : { limits: poison, reject },
    }
  }

  /**
   * The RDD of a node at this batch time. It is made only once. Undefined: the node has no RDD now.
   */
  of(id: string): Promise<RDD<unknown> | undefined> {
    const made = this.#made.get(id) ?? this.#make(this.#planned.get(id) as Planned)
    this.#made.set(id, made)
    return made
  }

  /** What was written since the last call, and must be published after the commit. */
  takeWritten(): readonly FinishedOutput[] {
    const written = this.#written
    this.#written = []
    return written
  }

  get outputView(): OutputView {
    const { timeMs, fence, attemptNumber } = this.#execution
    return {
      timeMs,
      attempt: { number: attemptNumber, generation: fence.generation, epoch: fence.epoch },
      write: this.context.write,
    }
  }

  async #make(planned: Planned<PlanNode>): Promise<RDD<unknown> | undefined> {
    const { id, node, parents, everyMs, settings } = planned
    // Between its slides, a node has no RDD: a join of windows has nothing to do then.
    if ((this.#execution.timeMs - this.#execution.zeroMs) % everyMs !== 0) return undefined
    if (node.role === 'source')
      return rddOfPartitions(this.#execution.records.get(id) ?? [], this.context, id)
    const inputs = await allOrFirstError(
      parents.map(async (parent) => (await this.of(parent))?.within(this.context, id)),
    )
    const operator = node as OperatorNode
    const made = await this.#compute(operator, inputs, planned)
    const rdd = operator.keyed === true ? made?.within(this.context, id).keyed() : made
    return settings.cached === true ? rdd?.cache() : rdd
  }

  async #compute(
    { compute }: OperatorNode,
    inputs: readonly (RDD<unknown> | undefined)[],
    planned: Planned,
  ): Promise<RDD<unknown> | undefined> {
    try {
      return await compute(inputs, this.#view(planned))
    } catch (error) {
      throw blamed(error, planned, this.#execution.plan)
    }
  }

  #view({ id, parents, settings }: Planned<PlanNode>): BatchView {
    const { timeMs, zeroMs, drafts, pause } = this.#execution
    const stateOf = <K, S>(node: string, partition: number): KeyedState<K, S> =>
      drafts.state(node, partition) as KeyedState<unknown, unknown> as KeyedState<K, S>
    return {
      id,
      timeMs,
      zeroMs,
      state: (partition) => stateOf(id, partition),
      stateOfParent: (parent, partition) => stateOf(parents[parent] as string, partition),
      panes: <C>(partition: number) => drafts.panes(id, partition) as Panes<unknown> as Panes<C>,
      ...(this.context.keys === undefined ? {} : { keys: this.context.keys }),
      pause,
      timer: drafts.timer(id, { zeroMs, everyMs: settings.timerMs }),
    }
  }
}
