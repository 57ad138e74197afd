import type { AnyValue, PairKey, PairValue, TypeMissing } from '../../rdd/pair-types.ts'
import { isMillraceError } from '../../base/errors.ts'
import { plainKey } from '../../base/keys.ts'
import { isPromiseError, refusePromise } from '../../base/promises.ts'
import { type Time, timeOf } from '../../base/time.ts'
import { addingAll, addingAt } from '../../rdd/adds/place-adds.ts'
import { errorOf } from '../../rdd/bad-records.ts'
import { visitAll } from '../../base/pauses.ts'
import { checkDurationMs, checkFunction } from '../checks.ts'
import type { PartitionView } from '../plan-node.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { KeysAside } from './keys-aside.ts'
import { ttlLayout } from '../timeout-layout.ts'
import { type CodedVisit, stateNode, type UpdateStateByKeyOptions } from './state-node.ts'

/**
 * Returns the new state of a key from its values in the batch and its old state, or undefined to
 * remove the key.
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
 * Like {@link UpdateFunction}, and also gets the batch time.
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

/** What to do where the compiler cannot find the type of a state. */
type StateFix = 'give the type of the state, for example updateStateByKey<number>(...)'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Keeps a state for each key. Every batch gives pairs of key and state for all keys, sorted by
     * key within each partition. `update` gets the values of a key in the batch, its state and the
     * key. It returns the new state, or undefined to remove the key. It is also called for keys
     * without new values. On pairs only. States may consist of strings, numbers, bigints, booleans,
     * null, dates, arrays, plain objects, `Map`, `Set` and `Uint8Array`. `update` may change a
     * state in place.
     *
     * With `ttl`, a key that had no record for longer than that ends: `update` is not called for
     * it, and its state is gone. A record that comes later begins without a state.
     *
     * @param options `initialState`, default none; `partitions` of the state, 1 to 1024, default 1;
     * and `ttl`, how long a key lives without a record, default for ever.
     * @throws MillraceError `ARGUMENT_INVALID` when `partitions` is not a whole number from 1 to
     * 1024, or `ttl` not a duration above zero; `USER_FUNCTION_FAILED` in a batch, when `update`
     * throws.
     * @example
     * ```ts
     * pairs.updateStateByKey<number>((ones, total = 0) => total + ones.length, { ttl: hours(24) })
     * ```
     */
    updateStateByKey<S extends AnyValue = TypeMissing<StateFix>>(
      this: PairStream<T>,
      update: UpdateFunction<PairValue<T>, S, PairKey<T>>,
      options?: UpdateStateByKeyOptions<PairKey<T>, S>,
    ): DStream<[PairKey<T>, S]>

    /**
     * The same with `timed: true`: `update` also gets the batch time. A result that depends on the
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
    updateStateByKey<S extends AnyValue = TypeMissing<StateFix>>(
      this: PairStream<T>,
      update: TimedUpdateFunction<PairValue<T>, S, PairKey<T>>,
      options: UpdateStateByKeyOptions<PairKey<T>, S> & { readonly timed: true },
    ): DStream<[PairKey<T>, S]>
  }
}

type AnyUpdate = TimedUpdateFunction<unknown, unknown>

const KIND = 'updateStateByKey'

DStream.prototype.updateStateByKey = function (
  this: DStream<[unknown, unknown]>,
  update: unknown,
  {
    ttl,
    ...options
  }: UpdateStateByKeyOptions<unknown, unknown> & { readonly timed?: boolean } = {},
) {
  const f = checkFunction(KIND, update) as AnyUpdate
  const ttlMs = ttl === undefined ? undefined : checkDurationMs('ttl', ttl)
  const more = { ttlMs, layout: ttlLayout(ttlMs) }
  return this.to(
    stateNode(KIND, this.node, { ...options, ...more }, (visits, view) =>
      addingAt(view.adds, { node: view.id, partition: view.partition }, () =>
        updateKeys(f, visits, view),
      ),
    ),
  )
}

type Updated = readonly (readonly [unknown, unknown])[]

const updateKeys = async (
  update: AnyUpdate,
  visits: Iterable<CodedVisit>,
  view: PartitionView,
): Promise<Updated> => {
  const { state } = view
  const time = timeOf(view.timeMs)
  const aside = view.keys && new KeysAside(view, view.keys)
  const results: [unknown, unknown][] = []
  let withValues = 0
  const updateKey = ([coded, values, before]: CodedVisit): void => {
    // A copy of the key, which `update` may change in place.
    const key = plainKey(coded)
    const after = callUpdate(update, key, values, before, time)
    if (after === undefined) return state.remove(coded)
    // Put the state before it is given to the user, who may change it.
    state.put(coded, after)
    results.push([key, after])
  }
  await visitAll(visits, view.pause, (visit) => {
    const [key, values] = visit
    if (values.length > 0) withValues += 1
    try {
      if (aside === undefined) updateKey(visit)
      else addingAll(() => updateKey(visit))
    } catch (error) {
      // Without values in this batch, there is nothing to put aside.
      if (aside === undefined || values.length === 0) throw error
      aside.add({ key: plainKey(key), values, error })
      if (state.has(key)) results.push([plainKey(key), state.get(key)])
    }
  })
  aside?.finish(withValues)
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
    return refusePromise(update(values, before, key, time))
  } catch (error) {
    if (isMillraceError(error) && !isPromiseError(error)) throw error
    throw errorOf({
      label: KIND,
      record: { key, values: values.slice(0, 10), state: before },
      error,
    })
  }
}
