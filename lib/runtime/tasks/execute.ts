/**
 * Running the graph of a plan for one batch: datasets by node, outputs in the order of their definition, then the state nodes that no
 * output asked for.
 */
import { asMillraceError, MillraceError } from '../../base/errors.ts'
import { allOrFirstError } from '../../base/all-or-first-error.ts'
import type { Fence } from '../../ports/output-files.ts'
import type { Planned, Plan } from '../../dstream/plan.ts'
import type { BatchView, OperatorNode, OutputView, PlanNode } from '../../dstream/plan-node.ts'
import type { Partition } from '../../rdd/evaluate.ts'
import { rddOfPartitions, type RDD, type RddContext } from '../../rdd/rdd.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import type { Panes } from '../../state/operator/panes.ts'
import type { StateDrafts } from '../../state/live-state.ts'

/** What the outputs of an attempt write to. */
export interface OutputPort {
  print(text: string): void
  saveText(path: string, parts: readonly Uint8Array[], fence: Fence): Promise<void>
}

/** One attempt at one batch. */
export interface Execution {
  readonly plan: Plan
  readonly timeMs: number
  readonly zeroMs: number
  readonly attemptNumber: number
  readonly fence: Fence
  /** The partitions of each source, by its id. */
  readonly records: ReadonlyMap<string, readonly Partition<unknown>[]>
  readonly drafts: StateDrafts
  readonly outputs: OutputPort
  /** Outputs that need not run, for an earlier attempt has run them; those that run now are added. */
  readonly outputsDone: Set<string>
}

/**
 * Runs all outputs and all state. What it has put into the drafts and handed to the outputs is the batch.
 *
 * An output that fails does not keep the others from running; the batch fails when all have had their turn.
 */
export const execute = async (execution: Execution): Promise<void> => {
  const rdds = new BatchRdds(execution)
  const failures = new Map<string, unknown>()
  for (const { id, node, parents } of execution.plan.outputs) {
    try {
      const input = (await rdds.of(parents[0] as string))?.within(rdds.context, id)
      if (execution.outputsDone.has(id)) await lookAgain(input)
      else if (input !== undefined) await node.run(input, rdds.outputView)
      execution.outputsDone.add(id)
    } catch (error) {
      // A newer attempt has this batch: nothing that happens here counts any more.
      if (error instanceof MillraceError && error.code === 'OUTPUT_FENCED') throw error
      failures.set(id, error)
    }
  }
  if (failures.size > 0) throw failureOf(failures)
  // What is kept moves on in every batch, whether or not an output has looked at it.
  for (const { id, node } of execution.plan.operators)
    if (node.stateful !== undefined) await rdds.of(id)
}

/** Computes the dataset of an output that has run before: what is put aside on the way must be known to this attempt too. */
const lookAgain = async (input: RDD<unknown> | undefined): Promise<void> => {
  await input?.partitions().catch(() => undefined)
}

/** One error for all: the only one, or one that names all, under the code of the first. */
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

  constructor(execution: Execution) {
    this.#execution = execution
    this.#planned = new Map(execution.plan.nodes.map((planned) => [planned.id, planned]))
    const { outputs, fence } = execution
    this.context = { saveText: async (path, parts) => outputs.saveText(path, parts, fence) }
  }

  /** The dataset of a node at this batch's time, made once however many ask; no dataset counts as an answer too. */
  of(id: string): Promise<RDD<unknown> | undefined> {
    const made = this.#made.get(id) ?? this.#make(this.#planned.get(id) as Planned)
    this.#made.set(id, made)
    return made
  }

  get outputView(): OutputView {
    const { outputs, fence, attemptNumber } = this.#execution
    return {
      timeMs: this.#execution.timeMs,
      attempt: { number: attemptNumber, generation: fence.generation, epoch: fence.epoch },
      print: (text) => outputs.print(text),
      saveText: async (path, parts) => outputs.saveText(path, parts, fence),
    }
  }

  async #make(planned: Planned<PlanNode>): Promise<RDD<unknown> | undefined> {
    const { id, node, parents, everyMs, settings } = planned
    // Off the slide of its parents a node has no dataset: a join of windows does not fail there, it has nothing to do.
    if ((this.#execution.timeMs - this.#execution.zeroMs) % everyMs !== 0) return undefined
    if (node.role === 'source')
      return rddOfPartitions(this.#execution.records.get(id) ?? [], this.context, id)
    const inputs = await allOrFirstError(
      parents.map(async (parent) => (await this.of(parent))?.within(this.context, id)),
    )
    const rdd = await (node as OperatorNode).compute(inputs, this.#view(planned))
    return settings.cached === true ? rdd?.cache() : rdd
  }

  #view({ id, parents, settings }: Planned<PlanNode>): BatchView {
    const { timeMs, zeroMs, drafts } = this.#execution
    const stateOf = <K, S>(node: string, partition: number): KeyedState<K, S> =>
      drafts.state(node, partition) as KeyedState<unknown, unknown> as KeyedState<K, S>
    return {
      timeMs,
      zeroMs,
      state: (partition) => stateOf(id, partition),
      stateOfParent: (parent, partition) => stateOf(parents[parent] as string, partition),
      panes: <C>(partition: number) => drafts.panes(id, partition) as Panes<unknown> as Panes<C>,
      get markMs() {
        return drafts.markOf(id)
      },
      mark: () => drafts.mark(id),
      checkpointMs: settings.checkpointMs,
      expectAt: (expectedMs) => drafts.expectAt(id, expectedMs),
    }
  }
}
