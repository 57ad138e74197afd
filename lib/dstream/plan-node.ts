import type { KeyedState } from '../rdd/keyed-state.ts'
import type { RDD } from '../rdd/rdd.ts'
import type { SourceDeclaration } from './source-declaration.ts'

/** What a parameter of a node may be: it goes into the plan hash as JSON. */
export type Parameter = string | number | boolean | null

/** What an operator can ask of the batch that runs. */
export interface BatchView {
  /** The batch time, epoch milliseconds. */
  readonly timeMs: number
  /** The state of one partition of the asking node. */
  state<K, S>(partition: number): KeyedState<K, S>
}

/** Proof of who runs a batch, for users' own sinks: a later attempt has a larger (generation, epoch), compared in this order. */
export interface Attempt {
  /** How often the batch has been tried, this time included. */
  readonly number: number
  readonly generation: number
  readonly epoch: number
}

/** What an output operation can do besides. */
export interface OutputView extends BatchView {
  readonly attempt: Attempt
  /** Writes a whole text to where `print` goes. */
  print(text: string): void
  /** Writes text parts under the fence of this attempt; see the port `OutputFiles`. */
  saveText(path: string, parts: readonly Uint8Array[]): Promise<void>
}

interface NodeParts {
  /** The name of the operator, as users write it. */
  readonly kind: string
  readonly parents: readonly PlanNode[]
  /** What besides its parents decides what the node means; functions cannot be compared and are left to the code hash. */
  readonly parameters: Readonly<Record<string, Parameter>>
}

/** A node that brings records in. */
export interface SourceNode extends NodeParts {
  readonly role: 'source'
  readonly source: SourceDeclaration
}

/** A node that makes one dataset of others: a function of (batch time, datasets, state). */
export interface OperatorNode extends NodeParts {
  readonly role: 'operator'
  /** Works on each record alone: the part of a plan above the first node that does not can run where the records come in. */
  readonly narrow: boolean
  /** Can give another result for equal input, so that even an empty batch may matter: such a plan never rests. */
  readonly changesItsMind: boolean
  /** Keeps keyed state, in so many partitions. */
  readonly statePartitions?: number
  /** `inputs[i]` is the dataset of `parents[i]`, or undefined where that has none at this time. */
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

/** What most operators are: one parent, nothing special. */
export const operatorNode = (
  kind: string,
  parents: readonly PlanNode[],
  compute: OperatorNode['compute'],
  settings: Partial<Pick<OperatorNode, 'narrow' | 'changesItsMind' | 'statePartitions' | 'parameters'>> = {},
): OperatorNode =>
  Object.freeze({
    role: 'operator',
    kind,
    parents: Object.freeze([...parents]),
    parameters: {},
    narrow: false,
    changesItsMind: false,
    ...settings,
    compute,
  })

/** A narrow operator: `apply` adds one step to the parent's dataset, and no dataset stays none. */
export const narrowNode = (kind: string, parent: PlanNode, apply: (input: RDD<never>) => RDD<unknown>): OperatorNode =>
  operatorNode(kind, [parent], ([input]) => (input === undefined ? undefined : apply(input as RDD<never>)), { narrow: true })
