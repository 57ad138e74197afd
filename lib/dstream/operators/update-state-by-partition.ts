import { KeyedMap, partitionOf } from '../../base/keys.ts'
import { MillraceError } from '../../base/errors.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { userFunctionError } from '../../rdd/evaluate.ts'
import { checkFunction } from '../checks.ts'
import { DStream, type PairKey, type PairValue } from '../dstream.ts'
import { type KeyVisit, stateNode, type UpdateStateOptions } from './state-node.ts'

/**
 * The new states of a partition, from all its keys that have values or a state. A key that does not
 * come out is forgotten.
 *
 * @example
 * ```ts
 * const sizes: PartitionUpdateFunction<string, number, number> = (visits) =>
 *   Array.from(visits, ([key, values]) => [key, values.length])
 * ```
 */
export type PartitionUpdateFunction<K, V, S> = (
  visits: Iterable<KeyVisit<K, V, S>>,
) => Iterable<readonly [K, S]>

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * As `updateStateByKey`, a whole partition at a time: `update` walks over all keys that have
     * values or a state, in the order of keys, and gives the pairs of key and state that are to
     * stay. It may change keys. On pairs only.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example
     * ```ts
     * pairs.updateStateByPartition<number>(function* (visits) {
     *   for (const [key, ones, total = 0] of visits) yield [key.toLowerCase(), total + ones.length]
     * })
     * ```
     */
    updateStateByPartition<S, K = PairKey<T>, V = PairValue<T>>(
      this: DStream<[K, V]>,
      update: PartitionUpdateFunction<K, V, S>,
      options?: UpdateStateOptions<K, S>,
    ): DStream<[K, S]>
  }
}

type AnyUpdate = PartitionUpdateFunction<unknown, unknown, unknown>

const KIND = 'updateStateByPartition'

DStream.prototype.updateStateByPartition = function (
  this: DStream<[unknown, unknown]>,
  update: unknown,
  options: UpdateStateOptions<unknown, unknown> = {},
) {
  const f = checkFunction(KIND, update) as AnyUpdate
  return this.to(
    stateNode(KIND, this.node, options, (visits, states, { timeMs }) =>
      replaceState(
        states,
        visits.map((some) => callUpdate(f, some, timeMs)),
      ),
    ),
  )
}

const callUpdate = (
  update: AnyUpdate,
  visits: Iterable<KeyVisit<unknown, unknown, unknown>>,
  timeMs: number,
): readonly (readonly [unknown, unknown])[] => {
  try {
    return [...update(visits)]
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionError({ label: KIND, record: `a partition at ${timeMs} ms`, error })
  }
}

/**
 * Makes the results the state of their keys, wherever these belong, and forgets all others. Gives
 * the results as they came out.
 */
const replaceState = (
  states: readonly KeyedState<unknown, unknown>[],
  results: readonly (readonly (readonly [unknown, unknown])[])[],
): readonly (readonly (readonly [unknown, unknown])[])[] => {
  const kept = states.map(() => new KeyedMap<unknown, true>())
  for (const [key, state] of results.flat()) {
    const partition = partitionOf(key, states.length)
    // Of several results for a key, the first one stands. What is put is what comes out, before
    // users may change it.
    if (kept[partition]?.has(key) === false) states[partition]?.put(key, state)
    kept[partition]?.set(key, true)
  }
  states.forEach((state, partition) => {
    const gone = Array.from(state.current(), ([key]) => key).filter(
      (key) => kept[partition]?.has(key) === false,
    )
    for (const key of gone) state.remove(key)
  })
  return results
}
