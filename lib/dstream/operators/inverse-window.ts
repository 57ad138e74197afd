import { MillraceError } from '../../base/errors.ts'
import { KeyedMap } from '../../base/keys.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { type KeyedPane, reducePanes } from '../../state/operator/keyed-pane.ts'
import { computeRdd } from '../../rdd/rdd.ts'
import { blamingLater } from '../../rdd/shuffle.ts'
import type { BatchView, OperatorNode, PlanNode } from '../plan-node.ts'
import { beginOf } from '../window-span.ts'
import { pairWindowNode, type WindowReduction } from './reduced-window.ts'

/** A windowed reduction that can also take values out again. */
export interface InverseReduction<K, V> extends WindowReduction<K, V> {
  /** From what has been accumulated, and what leaves, to what is left. */
  readonly inverse: (accumulated: V, leaving: V) => V
  /** Results for which it is false are forgotten. */
  readonly keep?: ((key: K, value: V) => boolean) | undefined
}

/**
 * A windowed reduction with an inverse: the result of the last window is state, from which values
 * leave and into which values enter, so that a slide costs as much as has changed. A key stays,
 * with what its values have left, until `keep` says no (Spark: ReducedWindowedDStream).
 *
 * What has entered already is what came up to the marked batch. So a slide that was given up
 * (`millrace skip`) is made good by the next one, and batches between two windows, where the slide
 * is longer than the window, are never counted.
 */
export const inverseWindowNode = <K, V>(
  parent: PlanNode,
  reduction: InverseReduction<K, V>,
): OperatorNode =>
  pairWindowNode(parent, reduction, {
    state: true,
    atSlide: async (batch) => {
      const states = Array.from({ length: reduction.partitions }, (_, partition) =>
        batch.state<K, V>(partition),
      )
      for (const [partition, state] of states.entries())
        await slide(reduction, state, partition, batch)
      batch.timer.fire()
      const compute = async (): Promise<readonly (readonly [K, V][])[]> =>
        states.map((state) => Array.from(state.current(), ([key, value]): [K, V] => [key, value]))
      return computeRdd({ partitionCount: reduction.partitions, compute })
    },
  })

/** Moves the result of one partition from the last window to this one. */
const slide = async <K, V>(
  reduction: InverseReduction<K, V>,
  state: KeyedState<K, V>,
  partition: number,
  batch: BatchView,
): Promise<void> => {
  const { kind, span, f } = reduction
  const panes = batch.panes<KeyedPane<K, V>>(partition)
  const beginMs = beginOf(span, batch)
  const enteredMs = batch.timer.firedMs ?? -Infinity
  await blamingLater(kind, `the window at ${batch.timeMs} ms`, async () => {
    const leaving = await reducePanes(
      panes,
      panes.times.filter((timeMs) => timeMs < beginMs && timeMs <= enteredMs),
      f,
    )
    const entering = await reducePanes(
      panes,
      panes.times.filter((timeMs) => timeMs >= beginMs && timeMs > enteredMs),
      f,
    )
    for (const [key, change] of changesOf(leaving, entering)) {
      const after = afterChange(reduction, key, state.get(key), change)
      if (reduction.keep?.(key, after) === false) state.remove(key)
      else state.put(key, after)
    }
  })
  panes.dropBefore(beginMs)
}

/** What happens to one key. Values stand in arrays, since any value may be one. */
interface Change<V> {
  readonly leaving: readonly V[]
  readonly entering: readonly V[]
}

const changesOf = <K, V>(
  leaving: KeyedMap<K, V>,
  entering: KeyedMap<K, V>,
): readonly (readonly [K, Change<V>])[] => {
  const changes = new KeyedMap<K, Change<V>>()
  for (const [key, value] of leaving.entries()) changes.set(key, { leaving: [value], entering: [] })
  for (const [key, value] of entering.entries())
    changes.set(key, { leaving: changes.get(key)?.leaving ?? [], entering: [value] })
  return changes.sortedEntries()
}

const afterChange = <K, V>(
  { kind, f, inverse }: InverseReduction<K, V>,
  key: K,
  before: V | undefined,
  { leaving, entering }: Change<V>,
): V => {
  const [gone] = leaving
  const [come] = entering
  if (before === undefined) {
    if (entering.length > 0) return come as V
    throw new MillraceError('WINDOW_KEY_LOST', {
      problem:
        'Neither previous window has value for key, nor new values found: a value leaves the ' +
        `window of ${kind}, and there is no result that it could leave`,
      value: key,
      allowed: 'filters that drop a key only when nothing of it is left in the window',
      fix:
        'let the filter look at a count, or use the form without an inverse; the state must ' +
        'then be reset',
    })
  }
  const left = leaving.length > 0 ? inverse(before, gone as V) : before
  return entering.length > 0 ? f(left, come as V) : left
}
