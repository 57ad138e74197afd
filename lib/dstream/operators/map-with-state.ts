import type { AnyValue, PairKey, PairValue } from '../../rdd/pair-types.ts'
import { MillraceError } from '../../base/errors.ts'
import { checkKey, codedKey, partitionOf } from '../../base/keys.ts'
import { visitAll } from '../../base/pauses.ts'
import { addingAt } from '../../rdd/adds/place-adds.ts'
import {
  type Exchange,
  type ExchangePart,
  orderedExchange,
  pairsOfParts,
} from '../../rdd/exchange.ts'
import { checkPair } from '../../rdd/pairs.ts'
import { computeRdd, rddOfElements, RDD } from '../../rdd/rdd.ts'
import { DStream, type PairStream } from '../dstream.ts'
import {
  type BatchView,
  type Moved,
  operatorNode,
  partitionView,
  type PartitionView,
  type PlanNode,
  type StateMove,
} from '../plan-node.ts'
import { type InitialState, StateSpec } from '../state-spec.ts'
import { formOf, type StoredForm, timeoutCarryOver, timeoutLayout } from '../timeout-layout.ts'
import { setDueOf } from './due.ts'
import { KeysAside } from './keys-aside.ts'
import { MAP_WITH_STATE, MappedPartition, type Spec } from './mapped-partition.ts'

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
  const move = moveOf(parts, form)
  const node = operatorNode(
    MAP_WITH_STATE,
    [this.node],
    async ([input], batch) => callMapping(parts, form, input && move.exchange(input), batch),
    {
      stateful: {
        partitions,
        state: true,
        layout,
        carryOver: timeoutCarryOver(layout),
        shown: (stored) => form.show(stored).state,
      },
      move,
      parameters: { partitions },
    },
  )
  const stream = this.to<Exclude<R, undefined>>(node)
  return Object.assign(stream, {
    stateSnapshots: () => stream.to<[K, S]>(snapshotsNode(node, partitions, form)),
  })
}

const snapshotsNode = (parent: PlanNode, partitions: number, form: StoredForm): PlanNode =>
  operatorNode(
    'stateSnapshots',
    [parent],
    (_, batch) =>
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
    { readsParentState: true },
  )

/**
 * Runs one batch: first the records in their order, then the timers that are due, then the keys
 * that have been idle for too long (Spark: MapWithStateRDDRecord). A batch without an RDD is
 * treated like a batch without records.
 */
const callMapping = async (
  spec: Spec,
  form: StoredForm,
  exchange: Exchange | undefined,
  batch: BatchView,
): Promise<RDD<unknown>> => {
  if (batch.timer.firedMs === undefined) {
    const partitions = Array.from(
      { length: spec.partitions },
      (_, partition) => new MappedPartition(spec, form, partitionView(batch, partition)),
    )
    for (const [key, state] of await pairsOf(spec.initial))
      partitions[partitionOf(key, spec.partitions)]?.keep(key, state)
    batch.timer.fire()
  }
  const moved = await batch.moveStates(exchange)
  setDueOf(batch.timer, moved, { idleMs: spec.timeoutMs })
  return rddOfElements(moved.map(({ elements }) => elements))
}

const moveOf = (spec: Spec, form: StoredForm): StateMove => ({
  exchange: (input) =>
    orderedExchange((input as RDD<[unknown, unknown]>).checked(checkKeyOfPair), spec.partitions),
  move: (parts, view) =>
    addingAt(view.adds, { node: view.id, partition: view.partition }, () =>
      movePartition(spec, form, parts, view),
    ),
})

const movePartition = async (
  spec: Spec,
  form: StoredForm,
  parts: readonly ExchangePart[],
  view: PartitionView,
): Promise<Moved> => {
  const partition = new MappedPartition(spec, form, view)
  const aside = view.keys && new KeysAside(view, view.keys)
  if (aside === undefined)
    await visitAll(pairsOfParts(parts), view.pause, (pair) =>
      partition.call(codedKey(pair[0]), pair),
    )
  else aside.finish(await partition.callByKey([...pairsOfParts(parts)], aside))
  const inTime = await partition.passTime()
  return { elements: partition.results, ...inTime }
}

const checkKeyOfPair = (pair: readonly [unknown, unknown]): void => checkKey(checkPair(pair)[0])

const pairsOf = async (
  initial: InitialState<unknown, unknown> | undefined,
): Promise<Iterable<readonly [unknown, unknown]>> =>
  initial instanceof RDD ? initial.collect() : (initial ?? [])
