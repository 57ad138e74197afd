import { together } from '../../base/together.ts'
import type { KeyedPane } from '../../rdd/keyed-pane.ts'
import { putPairs } from '../../rdd/keyed-pane.ts'
import { datasetOfElements, type RDD } from '../../rdd/rdd.ts'
import { blamingLater } from '../../rdd/shuffle.ts'
import { SlidingReduction } from '../../rdd/sliding-reduction.ts'
import { type BatchView, operatorNode, type OperatorNode, type Parameter, type PlanNode } from '../plan-node.ts'
import { beginOf, isDue, isHeld, layoutOf, type WindowSpan } from '../window-span.ts'

/** A reduction by key over windows: how pairs are made of the parent's elements, and what becomes of the result. */
export interface WindowReduction<K, V> {
  readonly kind: string
  readonly span: WindowSpan
  readonly partitions: number
  /** Associative. */
  readonly f: (a: V, b: V) => V
  readonly pairs: (input: RDD<never>) => RDD<[K, V]>
  readonly result: (pairs: RDD<[K, V]>) => RDD<unknown>
  readonly parameters: Readonly<Record<string, Parameter>>
}

/** The reduced pairs of this batch, by partition; none where no window holds the batch. */
export const reducedPairs = async <K, V>(
  { span, partitions, f, pairs }: WindowReduction<K, V>,
  input: RDD<unknown> | undefined,
  batch: BatchView,
): Promise<readonly (readonly (readonly [K, V])[])[]> => {
  if (input === undefined || !isHeld(span, batch)) return Array.from({ length: partitions }, () => [])
  return pairs(input as RDD<never>)
    .reduceByKey(f, { partitions })
    .partitions()
}

/**
 * A windowed reduction without an inverse. Each batch is reduced by itself and kept as a pane; at a slide, the panes are reduced. A key
 * without data in the window is absent.
 */
export const reducedWindowNode = <K, V>(parent: PlanNode, reduction: WindowReduction<K, V>): OperatorNode => {
  const { kind, span, partitions, result, parameters } = reduction
  return operatorNode(
    kind,
    [parent],
    async ([input], batch) => {
      const reduced = await reducedPairs(reduction, input, batch)
      reduced.forEach((pairs, partition) => putPairs(batch.panes<KeyedPane<K, V>>(partition), pairs))
      if (!isDue(span, batch)) return undefined
      const windows = await together(reduced.map(async (_, partition) => windowOf(reduction, partition, batch)))
      return result(datasetOfElements(windows))
    },
    { keeps: { partitions, panes: true, layout: layoutOf(span) }, slideMs: span.slideMs, parameters },
  )
}

const windowOf = async <K, V>({ kind, span, f }: WindowReduction<K, V>, partition: number, batch: BatchView): Promise<[K, V][]> => {
  const panes = batch.panes<KeyedPane<K, V>>(partition)
  const beginMs = beginOf(span, batch)
  panes.dropBefore(beginMs)
  const reduction = panes.memo(() => new SlidingReduction<K, V>({ zeroMs: batch.zeroMs, ...span }, f))
  return blamingLater(kind, `the window at ${batch.timeMs} ms`, async () => reduction.window(panes, beginMs, batch.timeMs))
}
