/** The RDDs of the nodes of a plan at one batch time, made when they are needed. */
import { allOrFirstError } from '../../base/concurrency.ts'
import type { Plan, Planned } from '../../dstream/plan.ts'
import type { BatchView, Moved, OperatorNode, PlanNode } from '../../dstream/plan-node.ts'
import type { Exchange } from '../../rdd/exchange.ts'
import type { Partition, SourcePartition } from '../../rdd/partition.ts'
import type { RddContext } from '../../rdd/context.ts'
import type { Pause } from '../../base/pauses.ts'
import { type RDD, rddOfPartitions } from '../../rdd/rdd.ts'
import type { StateDrafts } from '../../state/state-drafts.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import type { Panes } from '../../state/operator/panes.ts'
import { blamed } from '../blame.ts'

/** See {@link BatchView.moveStates}. */
export type MoveStates = (
  planned: Planned<OperatorNode>,
  exchange: Exchange | undefined,
  view: BatchView,
) => Promise<readonly Moved[]>

/** What the RDDs of a batch are made of. */
export interface BatchRddsParts {
  readonly plan: Plan
  readonly timeMs: number
  readonly zeroMs: number
  /** The partitions of each source, by its id. */
  readonly records: ReadonlyMap<string, readonly SourcePartition<unknown>[]>
  readonly drafts: Pick<StateDrafts, 'state' | 'panes' | 'timer'>
  readonly pause: Pause
  readonly context: RddContext
  /** The elements of a node, if this process was given them. */
  readonly given?: { readonly node: string; readonly partitions: readonly Partition<unknown>[] }
  /** Moves the state of all partitions of a node. */
  readonly moveStates: MoveStates
}

/** See the head of this file. */
export class BatchRdds {
  readonly #parts: BatchRddsParts
  readonly #planned: ReadonlyMap<string, Planned>
  readonly #made = new Map<string, Promise<RDD<unknown> | undefined>>()

  constructor(parts: BatchRddsParts) {
    this.#parts = parts
    this.#planned = new Map(parts.plan.nodes.map((planned) => [planned.id, planned]))
  }

  /**
   * The RDD of a node at this batch time. It is made only once. Undefined: the node has no RDD now.
   */
  of(id: string): Promise<RDD<unknown> | undefined> {
    const made = this.#made.get(id) ?? this.#make(this.#planned.get(id) as Planned)
    this.#made.set(id, made)
    return made
  }

  /** The RDDs of the parents of a node, as its inputs: they have its name. */
  inputsOf({ id, parents }: Planned): Promise<readonly (RDD<unknown> | undefined)[]> {
    const { context } = this.#parts
    return allOrFirstError(
      parents.map(async (parent) => (await this.of(parent))?.within(context, id)),
    )
  }

  async #make(planned: Planned<PlanNode>): Promise<RDD<unknown> | undefined> {
    const { timeMs, zeroMs, records, given, context } = this.#parts
    const { id, node, everyMs, settings } = planned
    // Between its slides, a node has no RDD: a join of windows has nothing to do then.
    if ((timeMs - zeroMs) % everyMs !== 0) return undefined
    if (node.role === 'source') return rddOfPartitions(records.get(id) ?? [], context, id)
    if (given?.node === id) return rddOfPartitions(given.partitions, context, id)
    const operator = planned as Planned<OperatorNode>
    const made = await this.#compute(await this.inputsOf(planned), operator)
    const rdd = operator.node.keyed === true ? made?.within(context, id).keyed() : made
    return settings.cached === true ? rdd?.cache() : rdd
  }

  async #compute(
    inputs: readonly (RDD<unknown> | undefined)[],
    planned: Planned<OperatorNode>,
  ): Promise<RDD<unknown> | undefined> {
    try {
      return await planned.node.compute(inputs, this.#view(planned))
    } catch (error) {
      throw blamed(error, planned, this.#parts.plan)
    }
  }

  #view(planned: Planned<OperatorNode>): BatchView {
    const { id, parents, settings } = planned
    const { timeMs, zeroMs, drafts, pause, context } = this.#parts
    const stateOf = <K, S>(node: string, partition: number): KeyedState<K, S> =>
      drafts.state(node, partition) as KeyedState<unknown, unknown> as KeyedState<K, S>
    const view: BatchView = {
      id,
      timeMs,
      zeroMs,
      state: (partition) => stateOf(id, partition),
      stateOfParent: (parent, partition) => stateOf(parents[parent] as string, partition),
      moveStates: (exchange) => this.#parts.moveStates(planned, exchange, view),
      panes: <C>(partition: number) => drafts.panes(id, partition) as Panes<unknown> as Panes<C>,
      ...(context.keys === undefined ? {} : { keys: context.keys }),
      ...(context.adds === undefined ? {} : { adds: context.adds }),
      pause,
      timer: drafts.timer(id, { zeroMs, everyMs: settings.timerMs }),
    }
    return view
  }
}
