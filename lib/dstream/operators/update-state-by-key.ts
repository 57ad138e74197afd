import { MillraceError } from '../../base/errors.ts'
import { type Time, timeOf } from '../../base/time.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { userFunctionError } from '../../rdd/evaluate.ts'
import { checkFunction } from '../checks.ts'
import { DStream, type PairKey, type PairValue } from '../dstream.ts'
import { type KeyVisit, stateNode, type UpdateStateOptions } from './state-node.ts'

/**
 * The new state of a key from the batch's values and the old state; undefined removes the key.
 *
 * @example
 * ```ts
 * const longest: UpdateFunction<number, number> = (values, before = 0) =>
 *   Math.max(before, ...values)
 * ```
 */
export type UpdateFunction<V, S, K = unknown> = (
  values: readonly V[],
  state: S | undefined,
  key: K,
) => S | undefined

/**
 * As {@link UpdateFunction}, with the batch time.
 *
 * @example
 * ```ts
 * const seen: TimedUpdateFunction<number, number> = (values, last, key, time) =>
 *   values.length > 0 ? time.milliseconds : last
 * ```
 */
export type TimedUpdateFunction<V, S, K = unknown> = (
  values: readonly V[],
  state: S | undefined,
  key: K,
  time: Time,
) => S | undefined

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Keeps a state for each key and gives the states of all keys, every batch, in the order of
     * keys. `update` gets the batch's values of a key, its state, and the key, and returns the new
     * state, or undefined to forget the key; it runs also for keys without new values. On pairs
     * only. States may be anything of strings, numbers, bigints, booleans, null, dates, arrays,
     * plain objects, `Map`, `Set` and `Uint8Array`, and may be changed in place.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024.
     * @example pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length)
     */
    updateStateByKey<S, K = PairKey<T>, V = PairValue<T>>(
      this: DStream<[K, V]>,
      update: UpdateFunction<V, S, K>,
      options?: UpdateStateOptions<K, S>,
    ): DStream<[K, S]>

    /**
     * The same with `timed: true`: the function gets the batch time as well. What depends on the
     * time may change in any batch, so the pipeline never rests.
     *
     * @example
     * ```ts
     * pairs.updateStateByKey<number>(
     *   (ones, last, key, time) => (ones.length > 0 ? time.milliseconds : last),
     *   { timed: true },
     * )
     * ```
     */
    updateStateByKey<S, K = PairKey<T>, V = PairValue<T>>(
      this: DStream<[K, V]>,
      update: TimedUpdateFunction<V, S, K>,
      options: UpdateStateOptions<K, S> & { readonly timed: true },
    ): DStream<[K, S]>
  }
}

type AnyUpdate = TimedUpdateFunction<unknown, unknown>

const KIND = 'updateStateByKey'

DStream.prototype.updateStateByKey = function (
  this: DStream<[unknown, unknown]>,
  update: unknown,
  options: UpdateStateOptions<unknown, unknown> & { readonly timed?: boolean } = {},
) {
  const f = checkFunction(KIND, update) as AnyUpdate
  return this.to(
    stateNode(KIND, this.node, options, (visits, states, batch) =>
      visits.map((some, partition) =>
        updateKeys(
          f,
          some,
          states[partition] as KeyedState<unknown, unknown>,
          timeOf(batch.timeMs),
        ),
      ),
    ),
  )
}

const updateKeys = (
  update: AnyUpdate,
  visits: Iterable<KeyVisit<unknown, unknown, unknown>>,
  state: KeyedState<unknown, unknown>,
  time: Time,
): readonly (readonly [unknown, unknown])[] => {
  const results: [unknown, unknown][] = []
  for (const [key, values, before] of visits) {
    const after = callUpdate(update, key, values, before, time)
    if (after === undefined) state.remove(key)
    else {
      // Put first: what comes out of here belongs to the user, who may change it.
      state.put(key, after)
      results.push([key, after])
    }
  }
  return results
}

const callUpdate = (
  update: AnyUpdate,
  key: unknown,
  values: readonly unknown[],
  before: unknown,
  time: Time,
): unknown => {
  try {
    return update(values, before, key, time)
  } catch (error) {
    if (error instanceof MillraceError) throw error
    throw userFunctionError({
      label: KIND,
      record: { key, values: values.slice(0, 10), state: before },
      error,
    })
  }
}
