import { MillraceError } from '../../base/errors.ts'
import { refusePromise } from '../../base/promises.ts'
import { type Coded, KeyedMap, plainKey } from '../../base/keys.ts'
import { visitAll } from '../../base/pauses.ts'
import type { KeyedState } from '../../state/operator/keyed-state.ts'
import { reducePanes } from '../../state/operator/keyed-pane.ts'
import { blamingLater } from '../../rdd/grouping.ts'
import type { OperatorNode, PartitionView, PlanNode } from '../plan-node.ts'
import { beginOf } from '../window-span.ts'
import { keyedPanesOf } from './keyed-window.ts'
import { pairWindowNode, type WindowReduction } from './reduced-window.ts'

/** A windowed reduction that can also remove values from its result. */
export interface InverseReduction<K, V> extends WindowReduction<K, V> {
  /** Removes the leaving value from the accumulated value, and gives the rest. */
  readonly inverse: (accumulated: V, leaving: V) => V
  /** The state forgets a key when this returns false for its result. */
  readonly keep?: ((key: K, value: V) => boolean) | undefined
}

/**
 * A windowed reduction with an inverse. The result of the last window is state. At a slide, values
 * that leave the window are removed from the state and new values are added, so the cost of a slide
 * depends only on what has changed. A key stays, even without values in the window, until `keep`
 * returns false (Spark: ReducedWindowedDStream).
 *
 * The timer holds the batch time up to which values have entered. So the next slide makes up for a
 * slide that was skipped (`millrace skip`). Where the slide is longer than the window, the batches
 * between two windows are never counted.
 */
export const inverseWindowNode = <K, V>(
  parent: PlanNode,
  reduction: InverseReduction<K, V>,
): OperatorNode =>
  pairWindowNode(parent, reduction, {
    keepsResult: true,
    atSlide: async (view) => {
      await slide(reduction, view)
      return Array.from(view.state.current(), ([key, value]) => [key, value])
    },
  })

/** Updates the result of one partition from the last window to this window. */
const slide = async <K, V>(
  reduction: InverseReduction<K, V>,
  view: PartitionView,
): Promise<void> => {
  const { kind, span, f } = reduction
  const { timeMs, firedMs: enteredMs = -Infinity, pause } = view
  const state = view.state as KeyedState<unknown, unknown> as KeyedState<K, V>
  const panes = keyedPanesOf<K, V>(view)
  const beginMs = beginOf(span, view)
  await blamingLater(kind, `the window at ${timeMs} ms`, async () => {
    const leaving = await reducePanes(
      panes,
      panes.times.filter((timeMs) => timeMs < beginMs && timeMs <= enteredMs),
      f,
      pause,
    )
    const entering = await reducePanes(
      panes,
      panes.times.filter((timeMs) => timeMs >= beginMs && timeMs > enteredMs),
      f,
      pause,
    )
    await visitAll(changesOf(leaving, entering), pause, ([key, change]) => {
      const before = state.has(key) ? [state.get(key) as V] : []
      const after = afterChange(reduction, key, before, change)
      if (refusePromise(reduction.keep?.(plainKey(key), after)) === false) state.remove(key)
      else state.put(key, after)
    })
  })
  panes.dropBefore(beginMs)
}

/**
 * The values that leave and enter for one key: each array has one value or none, and so has the
 * result before. An array is needed because `undefined` may be a value.
 */
interface Change<V> {
  readonly leaving: readonly V[]
  readonly entering: readonly V[]
}

const changesOf = <K, V>(
  leaving: KeyedMap<K, V>,
  entering: KeyedMap<K, V>,
): readonly (readonly [Coded<K>, Change<V>])[] => {
  const changes = new KeyedMap<K, Change<V>>()
  for (const [key, value] of leaving.codedEntries())
    changes.set(key, { leaving: [value], entering: [] })
  for (const [key, value] of entering.codedEntries())
    changes.set(key, { leaving: changes.get(key)?.leaving ?? [], entering: [value] })
  return changes.sortedCoded()
}

const afterChange = <K, V>(
  { kind, f, inverse }: InverseReduction<K, V>,
  key: Coded<K>,
  before: readonly V[],
  { leaving, entering }: Change<V>,
): V => {
  const [gone] = leaving
  const [come] = entering
  if (before.length === 0) {
    if (entering.length > 0) return come as V
    throw new MillraceError('WINDOW_KEY_LOST', {
      problem:
        'Neither previous window has value for key, nor new values found: a value leaves the ' +
        `window of ${kind}, but the key has no result`,
      value: plainKey(key),
      allowed: 'filters that drop a key only when the window has no more values of it',
      fix: 'let the filter check a count, or use the form without an inverse; then reset the state',
    })
  }
  const [result] = before
  const left = leaving.length > 0 ? inverse(result as V, gone as V) : (result as V)
  return entering.length > 0 ? f(left, come as V) : left
}
