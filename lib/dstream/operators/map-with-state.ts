import type { AnyValue, PairKey, PairValue } from '../../rdd/pair-types.ts'
import { leastOf } from '../../base/extremes.ts'
import { MillraceError } from '../../base/errors.ts'
import { checkKey, codedKey, partitionOf } from '../../base/keys.ts'
import { visitAll } from '../../base/pauses.ts'
import { checkPair } from '../../rdd/pairs.ts'
import { computeRdd, rddOfElements, RDD } from '../../rdd/rdd.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { type BatchView, operatorNode, type PlanNode } from '../plan-node.ts'
import { type InitialState, StateSpec } from '../state-spec.ts'
import { formOf, type StoredForm, timeoutCarryOver, timeoutLayout } from '../timeout-layout.ts'
import { KeysAside } from './keys-aside.ts'
import { type InTime, MAP_WITH_STATE, MappedPartition, type Spec } from './mapped-partition.ts'

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
     * After the records of every batch, the timers fire that are due, and the keys end that were
     * idle for longer than the timeout. `checkpoint()` makes both less frequent.
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
  const { partitions, timeoutMs, hasTimers } = parts
  const layout = timeoutLayout({ touched: timeoutMs !== undefined, timer: hasTimers })
  const form = formOf(layout)
  const node = operatorNode(
    MAP_WITH_STATE,
    [this.node],
    async ([input], batch) => callMapping(parts, form, input, batch),
    {
      stateful: {
        partitions,
        state: true,
        layout,
        carryOver: timeoutCarryOver(layout),
        shown: (stored) => form.show(stored).state,
      },
      parameters: { partitions },
    },
  )
  const stream = this.to<Exclude<R, undefined>>(node)
  return Object.assign(stream, {
    stateSnapshots: () => stream.to<[K, S]>(snapshotsNode(node, partitions, form)),
  })
}

const snapshotsNode = (parent: PlanNode, partitions: number, form: StoredForm): PlanNode =>
  operatorNode('stateSnapshots', [parent], (_, batch) =>
    computeRdd({
      partitionCount: partitions,
      compute: async () =>
        Array.from({ length: partitions }, (__, partition) =>
          Array.from(
            batch.stateOfParent<unknown, unknown>(0, partition).current(),
            ([key, stored]) => [key, form.show(stored).state],
          ),
        ),
    }),
  )

/**
 * Runs one batch: first the records in their order, then the timers that are due, then the keys
 * that have been idle for too long (Spark: MapWithStateRDDRecord).
 */
const callMapping = async (
  spec: Spec,
  form: StoredForm,
  input: RDD<unknown> | undefined,
  batch: BatchView,
): Promise<RDD<unknown>> => {
  const partitions = Array.from(
    { length: spec.partitions },
    (_, partition) => new MappedPartition(spec, form, batch, batch.state(partition)),
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
    await visitAll(all, batch.pause, (pair) => {
      const key = codedKey(pair[0])
      of(key).call(key, pair)
    })
  else
    for (const [number, partition] of partitions.entries()) {
      const keys = await partition.callByKey(
        all.filter(([key]) => of(key) === partition),
        aside,
      )
      aside.finish(number, keys)
    }
  const parts: InTime[] = []
  for (const partition of partitions) parts.push(await partition.passTime())
  const dueTimes = parts.flatMap(({ dueMs }) => dueMs ?? [])
  batch.timer.setDue(dueTimes.length === 0 ? undefined : leastOf(dueTimes), {
    waiting: sumOf(parts, 'waiting'),
    expired: sumOf(parts, 'expired'),
    idleMs: spec.timeoutMs,
  })
  return rddOfElements(partitions.map(({ results }) => results))
}

const sumOf = (parts: readonly InTime[], field: 'waiting' | 'expired'): number =>
  parts.reduce((total, part) => total + part[field], 0)

const checkKeyOfPair = (pair: readonly [unknown, unknown]): void => checkKey(checkPair(pair)[0])

const pairsOf = async (
  initial: InitialState<unknown, unknown> | undefined,
): Promise<Iterable<readonly [unknown, unknown]>> =>
  initial instanceof RDD ? initial.collect() : (initial ?? [])
