/**
 * Windows by key. Each batch is combined by key and kept as a pane. At a slide, the panes of the
 * window give a result. A partition moves by itself, in any process: all that it needs are its
 * pairs of the batch, its panes, and the result of the last window if that is kept.
 */
import { withPlainKeys } from '../../base/keys.ts'
import { Unmergeable } from '../../rdd/combined-map.ts'
import { combinedExchange, exchangeByPartition, mergedParts } from '../../rdd/exchange.ts'
import { computeRdd, type RDD } from '../../rdd/rdd.ts'
import type { Combining } from '../../rdd/shuffle-types.ts'
import { type KeyedPane, putPairs } from '../../state/operator/keyed-pane.ts'
import type { Panes } from '../../state/operator/panes.ts'
import type { Parameter } from '../parameter.ts'
import {
  type BatchView,
  type Moved,
  operatorNode,
  type OperatorNode,
  type PartitionView,
  type PlanNode,
  type StateMove,
} from '../plan-node.ts'
import { isDue, isHeld, layoutOf, type WindowSpan } from '../window-span.ts'
import { checkStorableValue, storeChecked } from './storable.ts'

/** A window of pairs of a `K` and a `V`. A pane has one `W` for each key. */
export interface KeyedWindow<K, V, W> {
  readonly kind: string
  readonly span: WindowSpan
  readonly partitions: number
  readonly parameters: Readonly<Record<string, Parameter>>
  /** Makes pairs of the elements of the parent. */
  readonly pairs: (input: RDD<never>) => RDD<[K, V]>
  /** How the values of a key in one batch become that of the pane. */
  readonly combining: Combining<V, W>
  /** Whether no code that gets a value of a pane can change it. Default: if it is no object. */
  readonly isFixed?: (value: W) => boolean
  /** Makes the pairs of one partition at a slide. It drops the panes that leave. */
  readonly atSlide: (view: PartitionView) => Promise<readonly unknown[]>
  /** Makes the elements of the result of these pairs. */
  readonly result: (pairs: RDD<never>) => RDD<unknown>
  /** Whether the result is pairs. Default: false. */
  readonly keyed?: boolean
  /** Whether the result of the last window is state, and the timer has its time. Default: false. */
  readonly keepsResult?: boolean
}

/** The panes of one partition of a window by key. */
export const keyedPanesOf = <K, W>({ panes }: PartitionView): Panes<KeyedPane<K, W>> =>
  panes as Panes<unknown> as Panes<KeyedPane<K, W>>

/** The node of a window by key. */
export const keyedWindowNode = <K, V, W>(
  parent: PlanNode,
  window: KeyedWindow<K, V, W>,
): OperatorNode => {
  const { kind, span, partitions, pairs, result, parameters } = window
  const { keyed = false, keepsResult = false } = window
  const move = moveOf(window)
  return operatorNode(
    kind,
    [parent],
    async ([input], batch) => {
      let moved: readonly Moved[] = []
      if (input !== undefined && isHeld(span, batch))
        await storeChecked(pairs(input as RDD<never>), checkStorableValue, async (some) => {
          moved = await moveWith(some, window, move, batch)
        })
      else if (isDue(span, batch)) moved = await batch.moveStates(undefined)
      if (!isDue(span, batch)) return undefined
      if (keepsResult) batch.timer.fire()
      const compute = async (): Promise<readonly (readonly unknown[])[]> =>
        moved.map(({ elements }) => elements)
      return result(computeRdd({ partitionCount: partitions, compute }) as RDD<never>)
    },
    {
      stateful: {
        partitions,
        ...(keepsResult ? { state: true } : {}),
        panes: true,
        keyedPanes: true,
        layout: layoutOf(span),
      },
      move,
      combines: true,
      slideMs: span.slideMs,
      keyed,
      parameters,
    },
  )
}

const moveOf = <K, V, W>({
  span,
  partitions,
  combining,
  isFixed,
  atSlide,
}: KeyedWindow<K, V, W>): StateMove => ({
  exchange: (pairs) => combinedExchange(pairs as RDD<[unknown, V]>, partitions, combining),
  async move(parts, view) {
    if (parts.length > 0) {
      const pairs = withPlainKeys(await mergedParts(parts, combining, view.pause))
      putPairs(keyedPanesOf<unknown, W>(view), pairs, isFixed)
    }
    return { elements: isDue(span, view) ? await atSlide(view) : [] }
  },
})

/**
 * Moves all partitions with the pairs of the batch. If what two tasks have of a key cannot be
 * merged, all is done again partition by partition of the input, as in a shuffle: so the key is
 * found.
 */
const moveWith = async <K, V, W>(
  pairs: RDD<[K, V]>,
  { partitions, combining }: KeyedWindow<K, V, W>,
  move: StateMove,
  batch: BatchView,
): Promise<readonly Moved[]> => {
  try {
    return await batch.moveStates(move.exchange(pairs))
  } catch (error) {
    if (!(error instanceof Unmergeable)) throw error
    return batch.moveStates(exchangeByPartition(pairs, partitions, combining))
  }
}
