import type { Duration } from '../../base/duration.ts'
import { leastOf } from '../../base/extremes.ts'
import { type Coded, compareKeys, KeyedMap, partitionOf } from '../../base/keys.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import type { StateDeclaration } from '../../state/operator/state-declaration.ts'
import { rddOfElements, RDD, type ShuffleOptions } from '../../rdd/rdd.ts'
import { grouping } from '../../rdd/grouping.ts'
import { checkShuffle } from '../checks.ts'
import { type BatchView, operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'
import type { InitialState } from '../state-spec.ts'
import { formOf, timeoutCarryOver } from '../timeout-layout.ts'
import { ExpiringState } from './expiring-state.ts'

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

type States = readonly KeyedState<unknown, unknown>[]

/** A visit whose key is in the form inside Millrace. */
export type CodedVisit = KeyVisit<Coded<unknown>, unknown, unknown>

type Visits = Iterable<CodedVisit>
type Results = readonly (readonly (readonly [unknown, unknown])[])[]

/**
 * Updates the states of all partitions. The results are the states that stay; they have already
 * been put into `states`.
 */
export type UpdateStates = (
  visits: readonly Visits[],
  states: States,
  batch: BatchView,
) => Results | Promise<Results>

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
  { layout, ttlMs, ...options }: StateNodeOptions,
  update: UpdateStates,
): OperatorNode => {
  const { partitions = 1 } = checkShuffle(options)
  return operatorNode(
    kind,
    [parent],
    async ([input], batch) => {
      const isFirst = batch.timer.firedMs === undefined
      if (isFirst && input === undefined) return undefined
      const stored = Array.from({ length: partitions }, (_, partition): States[number] =>
        batch.state(partition),
      )
      const expiring =
        ttlMs === undefined ? [] : stored.map((state) => new ExpiringState(state, batch, ttlMs))
      const states: States = ttlMs === undefined ? stored : expiring
      if (isFirst) {
        await begin(states, options.initialState)
        batch.timer.fire()
      }
      const groups = await (input as RDD<[unknown, unknown]> | undefined)
        ?.shuffle<unknown, unknown, unknown[]>(partitions, { ...grouping(), coded: true })
        .partitions()
      for (const [partition, state] of expiring.entries())
        state.hasRecords((groups?.[partition] ?? []).map(([key]) => key))
      const visits = states.map((state, partition) =>
        visitsOf(groups?.[partition] ?? [], state.currentCoded()),
      )
      const results = await update(visits, states, batch)
      setDue(batch, expiring, ttlMs)
      return rddOfElements(results)
    },
    {
      stateful: {
        partitions,
        state: true,
        ...(layout === undefined ? {} : layoutParts(layout)),
      },
      parameters: { partitions },
      keyed: true,
      nondeterministic: options.timed === true,
    },
  )
}

const layoutParts = (layout: string): Pick<StateDeclaration, 'layout' | 'carryOver' | 'shown'> => ({
  layout,
  carryOver: timeoutCarryOver(layout),
  shown: (stored) => formOf(layout).show(stored).state,
})

/**
 * An expiry shows in the result, which has no pair for the key from then on. So a pipeline at rest
 * wakes for it.
 */
const setDue = (
  { timer }: BatchView,
  expiring: readonly ExpiringState[],
  idleMs: number | undefined,
): void => {
  const dueTimes = expiring.flatMap(({ dueMs }) => dueMs ?? [])
  timer.setDue(dueTimes.length === 0 ? undefined : leastOf(dueTimes), {
    waiting: expiring.reduce((total, { waiting }) => total + waiting, 0),
    expired: expiring.reduce((total, { expired }) => total + expired, 0),
    idleMs,
    isExact: true,
  })
}

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

/** Merges two sequences that are both sorted by key. */
function* visitsOf(
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
