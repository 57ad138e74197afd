import type { AnyValue, PairKey, PairValue } from '../../rdd/pair-types.ts'
import { leastOf } from '../../base/extremes.ts'
import { isMillraceError, MillraceError } from '../../base/errors.ts'
import { timeOf } from '../../base/time.ts'
import { IdleKeys } from '../../state/operator/idle-keys.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { errorOf } from '../../rdd/bad-records.ts'
import { visitAll } from '../../base/pauses.ts'
import { computeRdd, rddOfElements, RDD } from '../../rdd/rdd.ts'
import { pack, unpack } from '../../base/packed.ts'
import { appendValue } from '../../rdd/shuffle.ts'
import { checkKey, KeyedMap, partitionOf } from '../../base/keys.ts'
import { isPromiseError, refusePromise } from '../../base/promises.ts'
import { checkPair } from '../../rdd/pairs.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { timeoutCarryOver, timeoutLayout } from '../timeout-layout.ts'
import { type BatchView, operatorNode, type PlanNode } from '../plan-node.ts'
import { KeysAside } from './keys-aside.ts'
import { StateHandle, type StateOutcome } from '../state-handle.ts'
import { type InitialState, StateSpec } from '../state-spec.ts'

/**
 * The result of `mapWithState`: the mapped elements, and on request the states of all keys.
 *
 * @example
 * ```ts
 * const mapped: MapWithStateStream<string, number, number> = pairs.mapWithState(
 *   StateSpec.function(count),
 * )
 * ```
 */
export type MapWithStateStream<K, S, R> = DStream<R> & {
  /**
   * All keys with their states after each batch, sorted by key within each partition.
   *
   * @example pairs.mapWithState(spec).stateSnapshots().print()
   */
  stateSnapshots(): DStream<[K, S]>
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Maps each pair together with the state of its key, in the order in which the pairs came. Keys
     * without pairs in the batch are not visited. On pairs only. The function gets the key, the
     * value, the state and the batch time, and returns the new element. If it returns undefined,
     * there is no new element.
     *
     * After the records of every batch, the keys that were idle for longer than the timeout end.
     * `checkpoint()` makes this check less frequent.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when `spec` is not a `StateSpec`;
     * `USER_FUNCTION_FAILED` in a batch, when the function throws.
     * @example pairs.mapWithState(StateSpec.function(count).timeout(minutes(30))).print()
     */
    mapWithState<S, R extends AnyValue | void>(
      this: PairStream<T>,
      spec: StateSpec<PairKey<T>, PairValue<T>, S, R>,
    ): MapWithStateStream<PairKey<T>, S, Exclude<R, undefined>>
  }
}

type Spec = StateSpec<unknown, unknown, unknown, unknown>['parts']
/** A state as it is stored when keys can time out: with the batch time of its last use. */
type Stored = readonly [state: unknown, touchedMs: number]
type States = KeyedState<unknown, unknown>

const KIND = 'mapWithState'

DStream.prototype.mapWithState = function <K, V, S, R>(
  this: DStream<[K, V]>,
  spec: StateSpec<K, V, S, R>,
) {
  if (!(spec instanceof StateSpec))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'mapWithState() needs a StateSpec',
      value: spec,
      fix: 'for example mapWithState(StateSpec.function((key, value, state) => ...))',
    })
  const parts = spec.parts as unknown as Spec
  const { partitions, timeoutMs } = parts
  const node = operatorNode(
    KIND,
    [this.node],
    async ([input], batch) => callMapping(parts, input, batch),
    {
      stateful: {
        partitions,
        state: true,
        layout: timeoutLayout(timeoutMs),
        carryOver: timeoutCarryOver(timeoutMs),
        shown: shownState(parts),
      },
      parameters: { partitions },
    },
  )
  const stream = this.to<Exclude<R, undefined>>(node)
  return Object.assign(stream, {
    stateSnapshots: () => stream.to<[K, S]>(snapshotsNode(node, parts)),
  })
}

const shownState =
  ({ timeoutMs }: Spec) =>
  (stored: unknown): unknown =>
    timeoutMs === undefined ? stored : (stored as Stored)[0]

const snapshotsNode = (parent: PlanNode, parts: Spec): PlanNode =>
  operatorNode('stateSnapshots', [parent], (_, batch) =>
    computeRdd({
      partitionCount: parts.partitions,
      compute: async () =>
        Array.from({ length: parts.partitions }, (__, partition) =>
          Array.from(
            batch.stateOfParent<unknown, unknown>(0, partition).current(),
            ([key, stored]) => [key, shownState(parts)(stored)],
          ),
        ),
    }),
  )

/**
 * Runs one batch: first the records in their order, then the keys that have been idle for too long
 * (Spark: MapWithStateRDDRecord).
 */
const callMapping = async (
  spec: Spec,
  input: RDD<unknown> | undefined,
  batch: BatchView,
): Promise<RDD<unknown>> => {
  const partitions = Array.from(
    { length: spec.partitions },
    (_, partition) => new MappedPartition(spec, batch, batch.state(partition)),
  )
  const of = (key: unknown): MappedPartition =>
    partitions[partitionOf(key, spec.partitions)] as MappedPartition
  if (batch.timer.firedMs === undefined) {
    for (const [key, state] of await pairsOf(spec.initial)) of(key).keep(key, state)
    batch.timer.fire()
  }
  // A batch without an RDD is treated like a batch without records.
  const pairs = (input as RDD<[unknown, unknown]> | undefined)?.checked(checkKeyOfPair)
  const all = (await pairs?.collect()) ?? []
  const aside = batch.keys && new KeysAside(batch, batch.keys)
  if (aside === undefined)
    await visitAll(all, batch.pause, ([key, value]) => of(key).call(key, value))
  else
    for (const [number, partition] of partitions.entries()) {
      const keys = await partition.callByKey(
        all.filter(([key]) => of(key) === partition),
        aside,
      )
      aside.finish(number, keys)
    }
  const dueTimes: number[] = []
  for (const partition of partitions) {
    const dueMs = await partition.timeOut()
    if (dueMs !== undefined) dueTimes.push(dueMs)
  }
  batch.timer.setDue(dueTimes.length === 0 ? undefined : leastOf(dueTimes))
  return rddOfElements(partitions.map(({ results }) => results))
}

const checkKeyOfPair = (pair: readonly [unknown, unknown]): void => checkKey(checkPair(pair)[0])

const pairsOf = async (
  initial: InitialState<unknown, unknown> | undefined,
): Promise<Iterable<readonly [unknown, unknown]>> =>
  initial instanceof RDD ? initial.collect() : (initial ?? [])

/** One partition in one batch. */
class MappedPartition {
  results: unknown[] = []
  readonly #spec: Spec
  readonly #batch: BatchView
  readonly #states: States
  readonly #idle: IdleKeys<unknown> | undefined

  constructor(spec: Spec, batch: BatchView, states: States) {
    this.#spec = spec
    this.#batch = batch
    this.#states = states
    if (spec.timeoutMs === undefined) return
    this.#idle = states.memo(
      () =>
        new IdleKeys(
          Array.from(states.entries(), ([key, stored]) => [key, (stored as Stored)[1]] as const),
        ),
    )
  }

  /** Sets the state of a key, with this batch as its last use. */
  keep(key: unknown, state: unknown): void {
    // The put may refuse the state.
    this.#states.put(
      key,
      this.#idle === undefined ? state : ([state, this.#batch.timeMs] satisfies Stored),
    )
    this.#idle?.touch(key, this.#batch.timeMs)
  }

  /**
   * Calls the function for one record. With a timeout, a record counts as a use of its key, even if
   * the function does not update the state.
   */
  call(key: unknown, value: unknown): void {
    const handle = new StateHandle(this.#stateOf(key), false)
    this.#add(this.#run(key, value, handle))
    this.#apply(key, handle.outcome)
  }

  #add(result: unknown): void {
    if (result !== undefined) this.results.push(result)
  }

  /**
   * The same for all records of a batch, key by key. If the function throws on a record, all
   * records of its key are put aside, and the state of the key stays as it was. The results are in
   * the order of the records. Gives the number of keys.
   */
  async callByKey(
    pairs: readonly (readonly [unknown, unknown])[],
    aside: KeysAside,
  ): Promise<number> {
    const byKey = new KeyedMap<unknown, number[]>()
    for (const [index, [key]] of pairs.entries()) appendValue(byKey, key, index)
    const results: (readonly [index: number, result: unknown])[] = []
    await visitAll(byKey.entries(), this.#batch.pause, ([key, indices]) => {
      const values = indices.map((index) => pairs[index]?.[1])
      try {
        const given = this.#callKey(key, values)
        given.forEach((result, i) => results.push([indices[i] as number, result]))
      } catch (error) {
        aside.add({ key, values, error })
      }
    })
    const inOrder = results.toSorted(([a], [b]) => a - b).map(([, result]) => result)
    this.results = inOrder.filter((result) => result !== undefined)
    return byKey.size
  }

  /** Nothing of the key is kept before the function has returned for all of its records. */
  #callKey(key: unknown, values: readonly unknown[]): readonly unknown[] {
    let outcome: StateOutcome<unknown> = { kind: 'none' }
    let state = pack(this.#stateOf(key))
    const results = values.map((value) => {
      const handle = new StateHandle(unpack(state), false)
      const result = this.#run(key, value, handle)
      if (handle.outcome.kind !== 'none') outcome = handle.outcome
      state = pack(handle.getOption())
      return result
    })
    this.#apply(key, outcome)
    return results
  }

  #apply(key: unknown, outcome: StateOutcome<unknown>): void {
    if (outcome.kind === 'kept') this.keep(key, outcome.state)
    if (outcome.kind === 'removed') this.#remove(key)
  }

  /**
   * Ends the keys that have been idle for longer than the timeout, if the timer may fire at this
   * batch time. Returns the time at which the next key ends if no record comes for it, in epoch
   * milliseconds, or undefined when no key will end.
   */
  async timeOut(): Promise<number | undefined> {
    const { timeoutMs = 0 } = this.#spec
    const { timeMs, timer, pause } = this.#batch
    if (this.#idle === undefined) return undefined
    if (timer.isOnGrid) {
      await visitAll(this.#idle.before(timeMs - timeoutMs), pause, (key) => {
        this.#add(this.#run(key, undefined, new StateHandle(this.#stateOf(key), true)))
        this.#remove(key)
      })
    }
    const { oldestMs } = this.#idle
    return oldestMs === undefined ? undefined : oldestMs + timeoutMs + 1
  }

  #stateOf(key: unknown): unknown {
    const stored = this.#states.get(key)
    return this.#idle === undefined || stored === undefined ? stored : (stored as Stored)[0]
  }

  #remove(key: unknown): void {
    this.#idle?.forget(key)
    this.#states.remove(key)
  }

  #run(key: unknown, value: unknown, state: StateHandle<unknown>): unknown {
    try {
      return refusePromise(this.#spec.f(key, value, state, timeOf(this.#batch.timeMs)))
    } catch (error) {
      if (isMillraceError(error) && !isPromiseError(error)) throw error
      throw errorOf({ label: KIND, record: { key, value }, error })
    }
  }
}
