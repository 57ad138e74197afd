/**
 * Running the graph of a plan for one batch: datasets by node, outputs in the order of their definition, then the state nodes that no
 * output asked for.
 */
import { asMillraceError, MillraceError } from '../base/errors.ts'
import type { Fence } from '../ports/output-files.ts'
import type { Planned, Plan } from '../dstream/plan.ts'
import type { BatchView, OperatorNode, OutputView, PlanNode } from '../dstream/plan-node.ts'
import type { Partition } from '../rdd/pour.ts'
import { datasetOf, type RDD, type RddContext } from '../rdd/rdd.ts'
import type { KeyedState } from '../rdd/keyed-state.ts'
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
  const datasets = new Datasets(execution)
  const failures = new Map<string, unknown>()
  for (const { id, node, parents } of execution.plan.outputs) {
    try {
      const input = (await datasets.of(parents[0] as string))?.within(datasets.context, id)
      if (execution.outputsDone.has(id)) await lookAgain(input)
      else if (input !== undefined) await node.run(input, datasets.outputView(id))
      execution.outputsDone.add(id)
    } catch (error) {
      // A newer attempt has this batch: nothing that happens here counts any more.
      if (error instanceof MillraceError && error.code === 'OUTPUT_FENCED') throw error
      failures.set(id, error)
    }
  }
  if (failures.size > 0) throw failureOf(failures)
  // A state moves on in every batch, whether or not an output has looked at it.
  for (const { id } of execution.plan.states) await (await datasets.of(id))?.partitions()
}

/** Computes the dataset of an output that has run before: what is put aside on the way must be known to this attempt too. */
const lookAgain = async (input: RDD<unknown> | undefined): Promise<void> => {
  await input?.partitions().catch(() => undefined)
}

/** One error for all: the only one, or one that names all, under the code of the first. */
const failureOf = (failures: ReadonlyMap<string, unknown>): MillraceError => {
  const errors = [...failures].map(([id, error]) => asMillraceError(error, 'BATCH_FAILED', { problem: `The output ${id} failed` }))
  const [first] = errors as [MillraceError]
  if (errors.every(({ message }) => message === first.message)) return first
  return new MillraceError(first.code, {
    problem: `${errors.length} outputs failed`,
    value: [...failures.keys()],
    retryable: first.retryable,
    cause: new AggregateError(errors, errors.map(({ message }) => message).join('\n')),
  })
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

  outputView(id: string): OutputView {
    const { outputs, fence, attemptNumber } = this.#execution
    return {
      ...this.#view(id),
      attempt: { number: attemptNumber, generation: fence.generation, epoch: fence.epoch },
      print: (text) => outputs.print(text),
      saveText: async (path, parts) => outputs.saveText(path, parts, fence),
    }
  }

  async #make({ id, node, parents }: Planned<PlanNode>): Promise<RDD<unknown> | undefined> {
    if (node.role === 'source') return datasetOf(this.#execution.records.get(id) ?? [], this.context, id)
    const inputs = await Promise.all(parents.map(async (parent) => (await this.of(parent))?.within(this.context, id)))
    return (node as OperatorNode).compute(inputs, this.#view(id))
  }

  #view(id: string): BatchView {
    const { timeMs, drafts } = this.#execution
    return { timeMs, state: <K, S>(partition: number) => drafts.of(id, partition) as KeyedState<unknown, unknown> as KeyedState<K, S> }
  }
}
