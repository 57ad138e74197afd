import type { KeyedState } from '../state/operator/keyed-state.ts'
import type { Panes } from '../state/operator/panes.ts'
import type { RDD } from '../rdd/rdd.ts'
import type { WritePartitions } from '../rdd/write-target.ts'
import type { StateDeclaration } from '../state/operator/state-declaration.ts'
import type { Timer } from '../state/operator/timer.ts'
import type { Parameter } from './parameter.ts'
import type { SourceDeclaration } from './sources/declaration.ts'

/** What an operator can ask of the batch that runs. */
export interface BatchView {
  /** The batch time, epoch milliseconds. */
  readonly timeMs: number
  /** The zero of all batch times: slides are counted from it. */
  readonly zeroMs: number
  /** The state of one partition of the asking node, which must say that it keeps some. */
  state<K, S>(partition: number): KeyedState<K, S>
  /** The state of one partition of a parent, as it is after the parent has computed this batch. */
  stateOfParent<K, S>(parent: number, partition: number): KeyedState<K, S>
  /** The panes of one partition of the asking node, which must say that it keeps some. */
  panes<C>(partition: number): Panes<C>
  /** The timer of the asking node. */
  readonly timer: Timer
}

/**
 * Proof of who runs a batch, for users' own sinks: a later attempt has a larger (generation,
 * epoch), compared in this order.
 *
 * @example const fence = ({ generation, epoch }: Attempt): readonly number[] => [generation, epoch]
 */
export interface Attempt {
  /** How often the batch has been tried, this time included. */
  readonly number: number
  readonly generation: number
  readonly epoch: number
}

/** What an output operation can do besides. */
export interface OutputView extends Pick<BatchView, 'timeMs'> {
  readonly attempt: Attempt
  /** Writes partitions to a place, under the fence of this attempt; see the port `Sink`. */
  readonly write: WritePartitions
}

interface NodeParts {
  /** The name of the operator, as users write it. */
  readonly kind: string
  readonly parents: readonly PlanNode[]
  /**
   * What besides its parents decides what the node means; functions cannot be compared and are left
   * to the code hash.
   */
  readonly parameters: Readonly<Record<string, Parameter>>
}

/** A node that brings records in. */
export interface SourceNode extends NodeParts {
  readonly role: 'source'
  readonly source: SourceDeclaration
}

/** A node that makes one dataset of others: a function of (batch time, datasets, what it keeps). */
export interface OperatorNode extends NodeParts {
  readonly role: 'operator'
  /**
   * Works on each record alone: the part of a plan above the first node that does not can run where
   * the records come in.
   */
  readonly narrow: boolean
  /**
   * Can give another result for equal input, so that even an empty batch may matter: such a plan
   * never rests.
   */
  readonly nondeterministic: boolean
  readonly stateful?: StateDeclaration
  /**
   * How far apart its datasets are, if not as those of its parents: it computes at all times of its
   * parents, and gives one at its own.
   */
  readonly slideMs?: number
  /**
   * `inputs[i]` is the dataset of `parents[i]`, or undefined where that has none at this time. What
   * the operator keeps has moved on when the promise is fulfilled, whether or not somebody looks at
   * the dataset.
   */
  readonly compute: (
    inputs: readonly (RDD<unknown> | undefined)[],
    batch: BatchView,
  ) => RDD<unknown> | undefined | Promise<RDD<unknown> | undefined>
}

/** A node that makes something happen outside. */
export interface OutputNode extends NodeParts {
  readonly role: 'output'
  /** Where it writes, if that is a path whose first name can be bound. */
  readonly writesTo?: string
  readonly run: (input: RDD<unknown>, batch: OutputView) => Promise<void>
}

/** One operation of a pipeline: frozen data. Its id is given by the plan. */
export type PlanNode = SourceNode | OperatorNode | OutputNode

type OperatorSettings = Partial<
  Pick<OperatorNode, 'narrow' | 'nondeterministic' | 'stateful' | 'slideMs' | 'parameters'>
>

/** What most operators are: nothing special. */
export const operatorNode = (
  kind: string,
  parents: readonly PlanNode[],
  compute: OperatorNode['compute'],
  settings: OperatorSettings = {},
): OperatorNode =>
  Object.freeze({
    role: 'operator',
    kind,
    parents: Object.freeze([...parents]),
    parameters: {},
    narrow: false,
    nondeterministic: false,
    ...settings,
    compute,
  })

/** A narrow operator: `apply` adds steps to the parent's dataset, and no dataset stays none. */
export const narrowNode = (
  kind: string,
  parent: PlanNode,
  apply: (input: RDD<never>) => RDD<unknown>,
): OperatorNode =>
  operatorNode(
    kind,
    [parent],
    ([input]) => (input === undefined ? undefined : apply(input as RDD<never>)),
    { narrow: true },
  )

/** A narrow operator on pairs. */
export const narrowPairs = (
  kind: string,
  parent: PlanNode,
  apply: (input: RDD<[never, never]>) => RDD<unknown>,
): OperatorNode => narrowNode(kind, parent, apply as unknown as (input: RDD<never>) => RDD<unknown>)

/** An input known to be of pairs: the types of operations on pairs have made sure. */
export const pairsOf = (input: RDD<unknown> | undefined): RDD<[never, never]> | undefined =>
  input as RDD<[never, never]> | undefined

/** An output operation. */
export const outputNode = (
  kind: string,
  parent: PlanNode,
  parameters: OutputNode['parameters'],
  run: OutputNode['run'],
  writesTo?: string,
): OutputNode =>
  Object.freeze({
    role: 'output',
    kind,
    parents: [parent],
    parameters,
    run,
    ...(writesTo === undefined ? {} : { writesTo }),
  })
