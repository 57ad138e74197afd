import { compareKeys } from '../../base/keys.ts'
import type { KeyedState } from '../../rdd/keyed-state.ts'
import { userFunctionFailed } from '../../rdd/pour.ts'
import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'

/** The new state of a key from the batch's values and the old state; undefined removes the key. */
export type UpdateFunction<V, S> = (values: readonly V[], state: S | undefined) => S | undefined

/** A key with its values in this batch and its state before it, where it has them. */
type Visit<K, V, S> = readonly [key: K, values: readonly V[], state: S | undefined]

/**
 * The state of every key after this batch. The function runs for every key with values in the batch and every key with state, in every
 * batch, also in one without input (Spark: StateDStream.compute).
 */
export const updateStateByKeyNode = <K, V, S>(
  parent: PlanNode,
  update: UpdateFunction<V, S>,
  { partitions = 1 }: ShuffleOptions,
): OperatorNode =>
  operatorNode(
    'updateStateByKey',
    [parent],
    ([input], batch) => {
      if (input === undefined) return undefined
      const grouped = (input as RDD<[K, V]>).groupByKey({ partitions })
      return grouped.derive<[K, S]>(partitions, async () =>
        (await grouped.partitions()).map((groups, index) => updatePartition(groups, batch.state<K, S>(index), update)),
      )
    },
    { statePartitions: partitions, parameters: { partitions } },
  )

const updatePartition = <K, V, S>(
  groups: readonly (readonly [K, readonly V[]])[],
  state: KeyedState<K, S>,
  update: UpdateFunction<V, S>,
): [K, S][] => {
  const results: [K, S][] = []
  for (const [key, values, before] of visits(groups, state.entries())) {
    const after = updated(update, key, values, before)
    if (after === undefined) state.remove(key)
    else {
      // Put first: what comes out of here belongs to the user, who may change it.
      state.put(key, after)
      results.push([key, after])
    }
  }
  return results
}

const updated = <K, V, S>(update: UpdateFunction<V, S>, key: K, values: readonly V[], before: S | undefined): S | undefined => {
  try {
    return update(values, before)
  } catch (error) {
    throw userFunctionFailed({ label: 'updateStateByKey', record: { key, values: values.slice(0, 10), state: before }, error })
  }
}

/** Merges two sequences that are both in the order of keys. */
function* visits<K, V, S>(groups: readonly (readonly [K, readonly V[]])[], states: Iterable<readonly [K, S]>): Generator<Visit<K, V, S>> {
  let next = 0
  for (const [key, state] of states) {
    let order = 1
    for (let group = groups[next]; group !== undefined && (order = compareKeys(group[0], key)) < 0; group = groups[++next]) {
      yield [group[0], group[1], undefined]
    }
    const values = next < groups.length && order === 0 ? (groups[next++]?.[1] ?? []) : []
    yield [key, values, state]
  }
  for (; next < groups.length; next++) {
    const [key, values] = groups[next] as readonly [K, readonly V[]]
    yield [key, values, undefined]
  }
}
