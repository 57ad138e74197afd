import type { AnyValue, PairKey, PairValue, TypeMissing } from '../../rdd/pair-types.ts'
import { codedKey, KeyedMap, partitionOf, plainKey } from '../../base/keys.ts'
import { isPromiseError, refusePromise } from '../../base/promises.ts'
import { checkPair } from '../../rdd/pairs.ts'
import { isMillraceError } from '../../base/errors.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { addingAt } from '../../rdd/adds/place-adds.ts'
import { errorOf } from '../../rdd/bad-records.ts'
import { checkFunction } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import {
  type CodedVisit,
  type KeyVisit,
  type UpdateStateOptions,
  wholeStateNode,
} from './state-node.ts'

/**
 * Returns the new states of a partition. It gets all keys of the partition that have values or a
 * state. A key that it does not return is removed.
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

/** What to do where the compiler cannot find the type of a state. */
type StateFix = 'give the type of the state, for example updateStateByPartition<number>(...)'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Like `updateStateByKey`, but for a whole partition at a time. `update` iterates over all keys
     * that have values or a state, sorted by key, and returns the pairs of key and state that stay.
     * It may change keys. On pairs only.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024; `USER_FUNCTION_FAILED` in a batch, when `update` throws.
     * @example
     * ```ts
     * pairs.updateStateByPartition<number>(function* (visits) {
     *   for (const [key, ones, total = 0] of visits) yield [key.toLowerCase(), total + ones.length]
     * })
     * ```
     */
    updateStateByPartition<S extends AnyValue = TypeMissing<StateFix>>(
      this: PairStream<T>,
      update: PartitionUpdateFunction<PairKey<T>, PairValue<T>, S>,
      options?: UpdateStateOptions<PairKey<T>, S>,
    ): DStream<[PairKey<T>, S]>
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
    wholeStateNode(KIND, this.node, options, (visits, states, { id, timeMs, adds }) =>
      addingAt(adds, { node: id }, () =>
        replaceState(
          states,
          visits.map((some) => callUpdate(f, some, timeMs)),
        ),
      ),
    ),
  )
}

function* plainVisits(
  visits: Iterable<CodedVisit>,
): Generator<KeyVisit<unknown, unknown, unknown>> {
  for (const [key, values, state] of visits) yield [plainKey(key), values, state]
}

const callUpdate = (
  update: AnyUpdate,
  visits: Iterable<CodedVisit>,
  timeMs: number,
): readonly (readonly [unknown, unknown])[] => {
  try {
    return [...refusePromise(update(plainVisits(visits)))].map((pair) => checkPair(pair))
  } catch (error) {
    if (isMillraceError(error) && !isPromiseError(error)) throw error
    throw errorOf({ label: KIND, record: `a partition at ${timeMs} ms`, error })
  }
}

/**
 * Puts each result as the state of its key, in the partition of the key, and removes all other
 * keys. Returns the results unchanged.
 */
const replaceState = (
  states: readonly KeyedState<unknown, unknown>[],
  results: readonly (readonly (readonly [unknown, unknown])[])[],
): readonly (readonly (readonly [unknown, unknown])[])[] => {
  const kept = states.map(() => new KeyedMap<unknown, true>())
  for (const [plain, state] of results.flat()) {
    const key = codedKey(plain)
    const partition = partitionOf(key, states.length)
    // If a key has several results, the first one counts. States are put before users get them and
    // may change them.
    if (kept[partition]?.has(key) === false) states[partition]?.put(key, state)
    kept[partition]?.set(key, true)
  }
  states.forEach((state, partition) => {
    const gone = Array.from(state.currentCoded(), ([key]) => key).filter(
      (key) => kept[partition]?.has(key) === false,
    )
    for (const key of gone) state.remove(key)
  })
  return results
}
