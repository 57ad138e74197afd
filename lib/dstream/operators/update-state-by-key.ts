import { compareKeys } from '../../base/keys.ts'
import type { KeyedState } from '../../rdd/keyed-state.ts'
import { userFunctionFailed } from '../../rdd/pour.ts'
import { datasetOfElements, type RDD, type ShuffleOptions } from '../../rdd/rdd.ts'
import { checkedFunction, checkedShuffle } from '../checks.ts'
import { DStream, type PairKey, type PairValue } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'

/** The new state of a key from the batch's values and the old state; undefined removes the key. */
export type UpdateFunction<V, S> = (values: readonly V[], state: S | undefined) => S | undefined

/** A key with its values in this batch and its state before it, where it has them. */
type Visit<K, V, S> = readonly [key: K, values: readonly V[], state: S | undefined]

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Keeps a state for each key and gives the states of all keys, every batch. `update` gets the batch's values of a key and its state, and
     * returns the new state, or undefined to forget the key; it runs also for keys without new values. States may be anything of strings,
     * numbers, bigints, booleans, null, dates, arrays, plain objects, `Map`, `Set` and `Uint8Array`, and may be changed in place.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to 1024.
     * @example pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length)
     */
    updateStateByKey<S, K = PairKey<T>, V = PairValue<T>>(
      this: DStream<[K, V]>,
      update: UpdateFunction<V, S>,
      options?: ShuffleOptions,
    ): DStream<[K, S]>
  }
}

DStream.prototype.updateStateByKey = function (update, options = {}) {
  checkedFunction('updateStateByKey', update)
  const { partitions = 1 } = checkedShuffle(options)
  return this.to(
    operatorNode(
      'updateStateByKey',
      [this.node],
      async ([input], batch) => {
        if (input === undefined) return undefined
        const groups = await (input as RDD<[unknown, never]>).groupByKey({ partitions }).partitions()
        return datasetOfElements(
          groups.map((group, index) =>
            updatePartition(group, batch.state<unknown, never>(index), update as unknown as UpdateFunction<never, never>),
          ),
        )
      },
      { keeps: { partitions, state: true }, parameters: { partitions } },
    ),
  )
}

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
