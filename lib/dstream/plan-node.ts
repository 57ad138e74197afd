import type { KeyedState } from '../state/operator/keyed-state.ts'
import type { Panes } from '../state/operator/panes.ts'
import type { PutAdds } from '../rdd/adds/adds-table.ts'
import type { KeyRejection } from '../rdd/bad-records.ts'
import type { Pause } from '../base/pauses.ts'
import type { Exchange, ExchangePart } from '../rdd/exchange.ts'
import type { RDD } from '../rdd/rdd.ts'
import type { SentShape } from '../rdd/sink-declaration.ts'
import type { WritePartitions } from '../rdd/write-target.ts'
import type { StateDeclaration } from '../state/operator/state-declaration.ts'
import type { Timer } from '../state/operator/timer.ts'
import type { Parameter } from './parameter.ts'
import type { SourceDeclaration } from './sources/declaration.ts'

/** What an operator has of one partition of what it keeps, in the process that moves it. */
export interface PartitionView
  extends Pick<BatchView, 'id' | 'timeMs' | 'zeroMs' | 'pause' | 'keys' | 'adds'>, PartitionTimer {
  readonly partition: number
  /** The node must declare that it has state. */
  readonly state: KeyedState<unknown, unknown>
  /** The node must declare that it has panes. */
  readonly panes: Panes<unknown>
}

/** What a partition sees of the timer of its operator, as it was before the move. */
export type PartitionTimer = Pick<Timer, 'firedMs' | 'isOnGrid' | 'watermark'>

/** What moving one partition gives. */
export interface Moved {
  /** The elements of the partition of the result. */
  readonly elements: readonly unknown[]
  /** When something will happen to a key without input. Undefined: never. */
  readonly dueMs?: number | undefined
  /** How many keys wait for that. Left out: none. */
  readonly waiting?: number | undefined
  /** How many keys have ended, because they were idle. Left out: none. */
  readonly expired?: number | undefined
}

/**
 * How an operator moves its state and its panes, partition by partition: each may be in another
 * process, which keeps it in memory from batch to batch.
 */
export interface StateMove {
  /** How the pairs of a batch come to the partitions. */
  readonly exchange: (input: RDD<unknown>) => Exchange
  /** Moves one partition. `parts`: what the exchange brings. It must need nothing else. */
  readonly move: (parts: readonly ExchangePart[], view: PartitionView) => Promise<Moved>
}

/** What an operator can use while it computes a batch. */
export interface BatchView {
  /** The id of this node. */
  readonly id: string
  /** The batch time, epoch milliseconds. */
  readonly timeMs: number
  /** The zero time of the application, epoch milliseconds. Slides are counted from it. */
  readonly zeroMs: number
  /** The state of one partition of this node. The node must declare that it has state. */
  state<K, S>(partition: number): KeyedState<K, S>
  /** The state of one partition of a parent, after the parent has computed this batch. */
  stateOfParent<K, S>(parent: number, partition: number): KeyedState<K, S>
  /**
   * Moves all partitions of this node, here or in other processes: see `move` of the node.
   * Undefined: the batch brings nothing. When it rejects, nothing has changed, and it may be called
   * again.
   */
  moveStates(exchange: Exchange | undefined): Promise<readonly Moved[]>
  /** The panes of one partition of this node. The node must declare that it has panes. */
  panes<C>(partition: number): Panes<C>
  /** The timer of this node. */
  readonly timer: Timer
  /** Lets the event loop turn: for loops that call functions of users. */
  readonly pause: Pause
  /** Puts aside what keys have in this batch. Left out: the batch fails (the option `onBadKey`). */
  readonly keys?: KeyRejection
  /** Takes what functions add to accumulators. Left out: the pipeline has none. */
  readonly adds?: PutAdds
}

/** What an operator has of one partition in the driver. */
export const partitionView = (batch: BatchView, partition: number): PartitionView => {
  const { id, timeMs, zeroMs, timer, pause, keys, adds } = batch
  const { firedMs, isOnGrid, watermark } = timer
  return {
    id,
    timeMs,
    zeroMs,
    partition,
    state: batch.state(partition),
    panes: batch.panes(partition),
    firedMs,
    isOnGrid,
    watermark,
    pause,
    ...(keys === undefined ? {} : { keys }),
    ...(adds === undefined ? {} : { adds }),
  }
}

/**
 * Identifies one attempt at a batch, so that a user's own sink can refuse older attempts. A later
 * attempt has a larger (generation, epoch): generations are compared first, then epochs.
 *
 * @example const fence = ({ generation, epoch }: Attempt): readonly number[] => [generation, epoch]
 */
export interface Attempt {
  /** How often the batch has been tried, including this time. */
  readonly number: number
  readonly generation: number
  readonly epoch: number
}

/** What an output operation can use while it runs. */
export interface OutputView extends Pick<BatchView, 'timeMs'> {
  readonly attempt: Attempt
  /** Writes partitions to a place, under the fence of this attempt: see the port `Sink`. */
  readonly write: WritePartitions
  /** Whether an earlier attempt has written the output. Then `write` encodes and writes nothing. */
  readonly isDone?: boolean
}

interface NodeParts {
  /** The name of the operator, as users write it. */
  readonly kind: string
  readonly parents: readonly PlanNode[]
  /**
   * The parameters that, together with the parents, define what the node computes. They are part of
   * the plan hash. Functions cannot be compared, so they are part of the code hash only.
   */
  readonly parameters: Readonly<Record<string, Parameter>>
  /**
   * Whether it calls a function of the user with whole RDDs. Such a function runs once in a batch,
   * in the driver. Default: false.
   */
  readonly free?: boolean
}

/** A node that brings records in. */
export interface SourceNode extends NodeParts {
  readonly role: 'source'
  readonly source: SourceDeclaration
}

/** A node that computes one RDD from other RDDs, the batch time and its own state. */
export interface OperatorNode extends NodeParts {
  readonly role: 'operator'
  /**
   * Whether the operator handles each record independently of the others. The narrow operators
   * directly after a source can run where its records come in.
   */
  readonly narrow: boolean
  /**
   * The operator belongs to the declaration of the node before it: `named()` names that one.
   * Default: false.
   */
  readonly isPartOfParent?: boolean
  /**
   * Whether equal inputs can give different results. Then even an empty batch may change something,
   * so the plan never rests.
   */
  readonly nondeterministic: boolean
  readonly stateful?: StateDeclaration
  /** Left out: the operator needs all partitions of what it keeps together. */
  readonly move?: StateMove
  /** Whether it reads the state of its parent, which is in the driver then. Default: false. */
  readonly readsParentState?: boolean
  /** Whether its elements are pairs of keys, after a shuffle: see `RDD.keyed`. Default: false. */
  readonly keyed?: boolean
  /**
   * Whether it takes its inputs through one shuffle, or an exchange that combines by key, and in no
   * other way. So it needs no records themselves, only what tasks make of them. If it shuffles
   * again, it is the same shuffle with more checks. Default: false.
   */
  readonly combines?: boolean
  /**
   * The time between two RDDs of this node. Default: as its parents. The node computes at every
   * batch time of its parents, and returns an RDD only at its own times.
   */
  readonly slideMs?: number
  /**
   * `inputs[i]` is the RDD of `parents[i]`, or undefined if that parent has no RDD at this batch
   * time. When the promise is fulfilled, the state and the panes of the node include this batch,
   * whether or not the RDD is used.
   */
  readonly compute: (
    inputs: readonly (RDD<unknown> | undefined)[],
    batch: BatchView,
  ) => RDD<unknown> | undefined | Promise<RDD<unknown> | undefined>
}

/** A node that makes something happen outside of the pipeline. */
export interface OutputNode extends NodeParts {
  readonly role: 'output'
  /** The path it writes to, if its first name can be bound. */
  readonly writesTo?: string
  /** The place of one batch, if it is known before the batch runs. */
  readonly placeAt?: (timeMs: number) => string
  /** What it sends, if it was declared with `saveTo`. */
  readonly sends?: SentShape
  readonly run: (input: RDD<unknown>, batch: OutputView) => Promise<void>
}

/** One operation of a pipeline, as frozen data. The plan gives it its id. */
export type PlanNode = SourceNode | OperatorNode | OutputNode

type OperatorSettings = Partial<
  Pick<
    OperatorNode,
    | 'narrow'
    | 'nondeterministic'
    | 'stateful'
    | 'move'
    | 'readsParentState'
    | 'keyed'
    | 'combines'
    | 'slideMs'
    | 'parameters'
    | 'free'
  >
>

/** A node of an operator. The defaults are right for most operators. */
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

/**
 * A narrow operator: `apply` adds steps to the RDD of the parent. If the parent has no RDD, neither
 * has this node.
 */
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
  apply: (input: RDD<[unknown, unknown]>) => RDD<unknown>,
): OperatorNode => narrowNode(kind, parent, apply as unknown as (input: RDD<never>) => RDD<unknown>)

/** An input as an RDD of pairs. The types of the operations on pairs guarantee that it is one. */
export const pairsOf = (input: RDD<unknown> | undefined): RDD<[unknown, unknown]> | undefined =>
  input as RDD<[unknown, unknown]> | undefined

/** A node of an output operation. */
export const outputNode = (
  kind: string,
  parent: PlanNode,
  parameters: OutputNode['parameters'],
  run: OutputNode['run'],
  more: Pick<OutputNode, 'writesTo' | 'placeAt' | 'sends' | 'free'> = {},
): OutputNode =>
  Object.freeze({
    role: 'output',
    kind,
    parents: [parent],
    parameters,
    run,
    ...more,
  })
