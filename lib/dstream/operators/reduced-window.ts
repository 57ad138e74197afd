import { blamingLater } from '../../rdd/grouping.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { SlidingReduction } from '../../state/operator/sliding-reduction.ts'
import type { OperatorNode, PartitionView, PlanNode } from '../plan-node.ts'
import { beginOf } from '../window-span.ts'
import { keyedPanesOf, type KeyedWindow, keyedWindowNode } from './keyed-window.ts'

/**
 * A reduction by key over windows, with the functions that make pairs from the parent's elements
 * and elements from the resulting pairs.
 */
export interface WindowReduction<K, V> extends Pick<
  KeyedWindow<K, V, V>,
  'kind' | 'span' | 'partitions' | 'pairs' | 'parameters' | 'keyed'
> {
  /** Associative. */
  readonly f: (a: V, b: V) => V
  readonly result: (pairs: RDD<[K, V]>) => RDD<unknown>
}

/** A windowed reduction. Each batch is reduced on its own and kept as a pane. */
export const pairWindowNode = <K, V>(
  parent: PlanNode,
  { f, ...reduction }: WindowReduction<K, V>,
  slide: Pick<KeyedWindow<K, V, V>, 'atSlide' | 'keepsResult'>,
): OperatorNode =>
  keyedWindowNode<K, V, V>(parent, {
    ...reduction,
    ...slide,
    combining: { create: (value) => value, add: f, merge: f },
  })

/**
 * A windowed reduction without an inverse: at a slide, the panes of the window are reduced. A key
 * without values in the window is absent.
 */
export const reducedWindowNode = <K, V>(
  parent: PlanNode,
  reduction: WindowReduction<K, V>,
): OperatorNode =>
  pairWindowNode(parent, reduction, { atSlide: async (view) => windowOf(reduction, view) })

const windowOf = async <K, V>(
  { kind, span, f }: WindowReduction<K, V>,
  view: PartitionView,
): Promise<[K, V][]> => {
  const { timeMs, zeroMs, pause } = view
  const panes = keyedPanesOf<K, V>(view)
  const beginMs = beginOf(span, view)
  panes.dropBefore(beginMs)
  const reduced = panes.memo(() => new SlidingReduction<K, V>({ zeroMs, ...span }, f))
  return blamingLater(kind, `the window at ${timeMs} ms`, async () =>
    reduced.window(panes, { fromMs: beginMs, toMs: timeMs, pause }),
  )
}
