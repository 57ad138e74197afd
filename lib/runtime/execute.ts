/**
 * Running the graph of a plan for one batch: datasets by node, outputs in the order of their definition, then the state nodes that no
 * output asked for.
 */
import { together } from '../base/together.ts'
import type { Fence } from '../ports/output-files.ts'
import type { Planned, Plan } from '../dstream/plan.ts'
import type { BatchView, OperatorNode, OutputView, PlanNode } from '../dstream/plan-node.ts'
import type { Partition } from '../rdd/pour.ts'
import { datasetOf, type RDD, type RddContext } from '../rdd/rdd.ts'
import type { KeyedState } from '../rdd/keyed-state.ts'
import type { Panes } from '../rdd/panes.ts'
import type { StateDrafts } from './live-state.ts'

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
}

/** Runs all outputs and all state. What it has put into the drafts and handed to the outputs is the batch. */
export const execute = async (execution: Execution): Promise<void> => {
  const datasets = new Datasets(execution)
  for (const { id, node, parents } of execution.plan.outputs) {
    const input = await datasets.of(parents[0] as string)
    if (input !== undefined) await node.run(input.within(datasets.context, id), datasets.outputView)
  }
  // What is kept moves on in every batch, whether or not an output has looked at it.
  for (const { id, node } of execution.plan.operators) if (node.keeps !== undefined) await datasets.of(id)
}

class Datasets {
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
    if (node.role === 'source') return datasetOf(this.#execution.records.get(id) ?? [], this.context, id)
    const inputs = await together(parents.map(async (parent) => (await this.of(parent))?.within(this.context, id)))
    const dataset = await (node as OperatorNode).compute(inputs, this.#view(planned))
    return settings.cached === true ? dataset?.cache() : dataset
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
