import { allOrFirstError } from '../../base/concurrency.ts'
import type { KeyedPane } from '../../state/operator/keyed-pane.ts'
import { putPairs } from '../../state/operator/keyed-pane.ts'
import { rddOfElements, type RDD } from '../../rdd/rdd.ts'
import { blamingLater } from '../../rdd/grouping.ts'
import { SlidingReduction } from '../../state/operator/sliding-reduction.ts'
import { checkStorableValue, storeChecked } from './storable.ts'
import type { Parameter } from '../parameter.ts'
import { type BatchView, operatorNode, type OperatorNode, type PlanNode } from '../plan-node.ts'
import { beginOf, isDue, isHeld, layoutOf, type WindowSpan } from '../window-span.ts'

/**
 * A reduction by key over windows, with the functions that make pairs from the parent's elements
 * and elements from the resulting pairs.
 */
export interface WindowReduction<K, V> {
  readonly kind: string
  readonly span: WindowSpan
  readonly partitions: number
  /** Associative. */
  readonly f: (a: V, b: V) => V
  readonly pairs: (input: RDD<never>) => RDD<[K, V]>
  readonly result: (pairs: RDD<[K, V]>) => RDD<unknown>
  readonly parameters: Readonly<Record<string, Parameter>>
  /** Whether the result is pairs. */
  readonly keyed?: boolean
}

/**
 * A windowed reduction. Each batch is reduced on its own and kept as a pane. At a slide, `atSlide`
 * makes an RDD from the panes.
 */
export const pairWindowNode = <K, V>(
  parent: PlanNode,
  { kind, span, partitions, f, pairs, result, parameters, keyed = false }: WindowReduction<K, V>,
  {
    state,
    atSlide,
  }: { readonly state: boolean; readonly atSlide: (batch: BatchView) => Promise<RDD<[K, V]>> },
): OperatorNode =>
  operatorNode(
    kind,
    [parent],
    async ([input], batch) => {
      if (input !== undefined && isHeld(span, batch)) {
        await storeChecked(pairs(input as RDD<never>), checkStorableValue, async (some) => {
          const reduced = await some.reduceByKey(f, { partitions }).partitions()
          reduced.forEach((part, partition) =>
            putPairs(batch.panes<KeyedPane<K, V>>(partition), part),
          )
        })
      }
      return isDue(span, batch) ? result(await atSlide(batch)) : undefined
    },
    {
      stateful: {
        partitions,
        ...(state ? { state } : {}),
        panes: true,
        keyedPanes: true,
        layout: layoutOf(span),
      },
      combines: true,
      slideMs: span.slideMs,
      keyed,
      parameters,
    },
  )

/**
 * A windowed reduction without an inverse: at a slide, the panes of the window are reduced. A key
 * without values in the window is absent.
 */
export const reducedWindowNode = <K, V>(
  parent: PlanNode,
  reduction: WindowReduction<K, V>,
): OperatorNode =>
  pairWindowNode(parent, reduction, {
    state: false,
    atSlide: async (batch) => {
      const partitions = Array.from({ length: reduction.partitions }, async (_, partition) =>
        windowOf(reduction, partition, batch),
      )
      return rddOfElements(await allOrFirstError(partitions))
    },
  })

const windowOf = async <K, V>(
  { kind, span, f }: WindowReduction<K, V>,
  partition: number,
  batch: BatchView,
): Promise<[K, V][]> => {
  const panes = batch.panes<KeyedPane<K, V>>(partition)
  const beginMs = beginOf(span, batch)
  panes.dropBefore(beginMs)
  const reduced = panes.memo(() => new SlidingReduction<K, V>({ zeroMs: batch.zeroMs, ...span }, f))
  return blamingLater(kind, `the window at ${batch.timeMs} ms`, async () =>
    reduced.window(panes, { fromMs: beginMs, toMs: batch.timeMs, pause: batch.pause }),
  )
}
