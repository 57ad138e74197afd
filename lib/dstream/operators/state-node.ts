import type { Duration } from '../../base/duration.ts'
import { type Coded, compareKeys, KeyedMap, partitionOf } from '../../base/keys.ts'
import type { Pause } from '../../base/pauses.ts'
import {
  combinedExchange,
  type Exchange,
  type ExchangePart,
  mergedParts,
} from '../../rdd/exchange.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import type { StateDeclaration } from '../../state/operator/state-declaration.ts'
import { rddOfElements, RDD, type ShuffleOptions } from '../../rdd/rdd.ts'
import { grouping } from '../../rdd/grouping.ts'
import { checkShuffle } from '../checks.ts'
import {
  type BatchView,
  type Moved,
  operatorNode,
  type OperatorNode,
  type PartitionView,
  type PlanNode,
  type StateMove,
} from '../plan-node.ts'
import type { InitialState } from '../state-spec.ts'
import { formOf, timeoutCarryOver } from '../timeout-layout.ts'
import { ExpiringState } from './expiring-state.ts'
import { setDueOf } from './due.ts'

/**
 * A key with its values in this batch (empty when it has none) and its state before this batch
 * (undefined when it has none).
 *
 * @example
 * ```ts
 * const sizeOf = ([key, values, state = 0]: KeyVisit<string, number, number>) =>
 *   [key, state + values.length] as const
 * ```
 */
export type KeyVisit<K, V, S> = readonly [key: K, values: readonly V[], state: S | undefined]

/**
 * Settings of `updateStateByPartition`, and of `updateStateByKey`, which has more.
 *
 * @example
 * ```ts
 * const options: UpdateStateOptions<string, number> = { initialState: [['to', 1]], partitions: 2 }
 * ```
 */
export interface UpdateStateOptions<K, S> extends ShuffleOptions {
  /**
   * The state before the first batch, as pairs of key and state. If a key occurs several times, its
   * first state counts. Default: no state.
   */
  readonly initialState?: InitialState<K, S>
}

/**
 * Settings of `updateStateByKey`.
 *
 * @example
 * ```ts
 * pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length, {
 *   initialState: [['to', 1]],
 *   partitions: 2,
 *   ttl: hours(24),
 * })
 * ```
 */
export interface UpdateStateByKeyOptions<K, S> extends UpdateStateOptions<K, S> {
  /**
   * A key that had no record for longer than this ends: in the first batch that is late enough its
   * state is removed, and the function is not called for it. If that batch has a record of the key,
   * the function gets no state. Default: keys never end by themselves.
   */
  readonly ttl?: Duration
}

type State = KeyedState<unknown, unknown>
type States = readonly State[]

/** A visit whose key is in the form inside Millrace. */
export type CodedVisit = KeyVisit<Coded<unknown>, unknown, unknown>

type Visits = Iterable<CodedVisit>
type Results = readonly (readonly [unknown, unknown])[]

/**
 * Updates the state of a partition. The results are the states that stay; they have already been
 * put into the state of the view.
 */
export type UpdateState = (visits: Visits, view: PartitionView) => Promise<Results>

/** The same for all partitions, where keys may go from one partition to another. */
export type UpdateStates = (
  visits: readonly Visits[],
  states: States,
  batch: BatchView,
) => readonly Results[] | Promise<readonly Results[]>

interface StateNodeOptions extends UpdateStateOptions<unknown, unknown> {
  readonly timed?: boolean
  /** Undefined: keys never end by themselves. */
  readonly ttlMs?: number | undefined
  /** How the states are stored. Default: alone, and in no other way. */
  readonly layout?: string
}

/**
 * The node that gives the state of every key after a batch. After the first batch with an RDD, the
 * states are also updated in batches whose parent has no RDD (Spark: StateDStream.compute).
 */
export const stateNode = (
  kind: string,
  parent: PlanNode,
  options: StateNodeOptions,
  update: UpdateState,
): OperatorNode => {
  const { partitions = 1 } = checkShuffle(options)
  const { ttlMs } = options
  const move = moveOf(partitions, ttlMs, update)
  return nodeOf(kind, parent, { ...options, partitions, move }, async (input, batch) => {
    const moved = await batch.moveStates(input && move.exchange(input))
    setDue(batch, moved, ttlMs)
    return moved.map(({ elements }) => elements)
  })
}

/** The same for an update that needs all partitions at the same time. */
export const wholeStateNode = (
  kind: string,
  parent: PlanNode,
  options: StateNodeOptions,
  update: UpdateStates,
): OperatorNode => {
  const { partitions = 1 } = checkShuffle(options)
  return nodeOf(kind, parent, { ...options, partitions }, async (input, batch) => {
    const parts = await (input && exchangeOf(partitions)(input))?.merged()
    const states = statesOf(partitions, batch)
    const visits: Visits[] = []
    for (const [partition, state] of states.entries())
      visits.push(await visitsOf(parts?.[partition] ?? [], state, batch.pause))
    return update(visits, states, batch)
  })
}

type Compute = (
  input: RDD<unknown> | undefined,
  batch: BatchView,
) => Promise<readonly (readonly unknown[])[]>

const nodeOf = (
  kind: string,
  parent: PlanNode,
  { partitions, move, layout, ttlMs, initialState, timed = false }: NodeOptions,
  compute: Compute,
): OperatorNode =>
  operatorNode(
    kind,
    [parent],
    async ([input], batch) => {
      const isFirst = batch.timer.firedMs === undefined
      if (isFirst && input === undefined) return undefined
      if (isFirst) {
        await begin(statesOf(partitions, batch, ttlMs), initialState)
        batch.timer.fire()
      }
      return rddOfElements(await compute(input, batch))
    },
    {
      stateful: {
        partitions,
        state: true,
        ...(layout === undefined ? {} : layoutParts(layout)),
      },
      ...(move === undefined ? {} : { move }),
      parameters: { partitions },
      combines: true,
      keyed: true,
      nondeterministic: timed,
    },
  )

interface NodeOptions extends StateNodeOptions {
  readonly partitions: number
  readonly move?: StateMove
}

const GROUPING = grouping<unknown>()

const exchangeOf =
  (partitions: number) =>
  (input: RDD<unknown>): Exchange =>
    combinedExchange(input as RDD<[unknown, unknown]>, partitions, GROUPING)

const moveOf = (partitions: number, ttlMs: number | undefined, update: UpdateState): StateMove => ({
  exchange: exchangeOf(partitions),
  async move(parts, view) {
    if (ttlMs === undefined) {
      const elements = await update(await visitsOf(parts, view.state, view.pause), view)
      return { elements }
    }
    const state = new ExpiringState(view.state, view.timeMs, ttlMs)
    const elements = await update(await visitsOf(parts, state, view.pause), { ...view, state })
    const { dueMs, waiting, expired } = state
    return { elements, dueMs, waiting, expired }
  },
})

const statesOf = (partitions: number, batch: BatchView, ttlMs?: number): States =>
  Array.from({ length: partitions }, (_, partition) => {
    const state = batch.state<unknown, unknown>(partition)
    return ttlMs === undefined ? state : new ExpiringState(state, batch.timeMs, ttlMs)
  })

const layoutParts = (layout: string): Pick<StateDeclaration, 'layout' | 'carryOver' | 'shown'> => ({
  layout,
  carryOver: timeoutCarryOver(layout),
  shown: (stored) => formOf(layout).show(stored).state,
})

/**
 * An expiry shows in the result, which has no pair for the key from then on. So a pipeline at rest
 * wakes for it.
 */
const setDue = ({ timer }: BatchView, moved: readonly Moved[], idleMs: number | undefined): void =>
  setDueOf(timer, moved, { idleMs, isExact: true })

const begin = async (
  states: States,
  initial: InitialState<unknown, unknown> = [],
): Promise<void> => {
  const seen = new KeyedMap<unknown, true>()
  for (const [key, state] of initial instanceof RDD ? await initial.collect() : initial) {
    if (!seen.has(key)) states[partitionOf(key, states.length)]?.put(key, state)
    seen.set(key, true)
  }
}

/** The keys of a partition that have values in this batch, or a state. */
const visitsOf = async (
  parts: readonly ExchangePart[],
  state: State | ExpiringState,
  pause: Pause | undefined,
): Promise<Visits> => {
  const groups = await mergedParts(parts, GROUPING, pause)
  if (state instanceof ExpiringState) state.hasRecords(groups.map(([key]) => key))
  return joinedByKey(groups, state.currentCoded())
}

/** Merges two sequences that are both sorted by key. */
function* joinedByKey(
  groups: readonly (readonly [unknown, readonly unknown[]])[],
  states: Iterable<readonly [unknown, unknown]>,
): Generator<CodedVisit> {
  let next = 0
  for (const [key, state] of states) {
    let order = 1
    for (
      let group = groups[next];
      group !== undefined && (order = compareKeys(group[0], key)) < 0;
      group = groups[++next]
    ) {
      yield [group[0], group[1], undefined]
    }
    const values = next < groups.length && order === 0 ? (groups[next++]?.[1] ?? []) : []
    yield [key, values, state]
  }
  for (; next < groups.length; next++) {
    const [key, values] = groups[next] as readonly [unknown, readonly unknown[]]
    yield [key, values, undefined]
  }
}
