import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import type { Duration } from '../../base/duration.ts'
import { KeyedMap } from '../../base/keys.ts'
import { isSimple } from '../../base/packed.ts'
import { forEachPair } from '../../state/operator/keyed-pane.ts'
import { grouping } from '../../rdd/grouping.ts'
import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { checkShuffle } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import type { PartitionView } from '../plan-node.ts'
import { beginOf, checkSpan, type WindowSpan } from '../window-span.ts'
import { keyedPanesOf, keyedWindowNode } from './keyed-window.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Groups, at every slide, the pairs of the batches of the last `length` by key. The result has
     * one pair for each key, with all values of the key, older batches first. On pairs only.
     *
     * @param length How far back the window reaches: a multiple of this stream's slide.
     * @param slide How often there is a window. Default: the slide of this stream.
     * @param options `partitions` of the result, 1 to 1024. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide, or `partitions` not a whole number from 1 to 1024.
     * @example pairs.groupByKeyAndWindow(seconds(60), seconds(10))
     */
    groupByKeyAndWindow(
      this: PairStream<T>,
      length: Duration,
      slide?: Duration,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, PairValue<T>[]]>
  }
}

DStream.prototype.groupByKeyAndWindow = function (length, slide, options = {}) {
  const span = checkSpan('groupByKeyAndWindow', this, length, slide)
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    keyedWindowNode<unknown, unknown, unknown[]>(this.node, {
      kind: 'groupByKeyAndWindow',
      span,
      partitions,
      parameters: { lengthMs: span.lengthMs, slideMs: span.slideMs, partitions },
      pairs: (input) => input as RDD<[unknown, unknown]>,
      combining: grouping(),
      isFixed: (values) => values.every(isSimple),
      atSlide: async (view) => joinPanes(span, view),
      result: (groups) => groups,
      keyed: true,
    }),
  )
}

/** The values of each key in all panes of the window. */
const joinPanes = async (
  span: WindowSpan,
  view: PartitionView,
): Promise<readonly [unknown, unknown[]][]> => {
  const panes = keyedPanesOf<unknown, readonly unknown[]>(view)
  panes.dropBefore(beginOf(span, view))
  const lists = new KeyedMap<unknown, unknown[]>()
  await panes.fetch(panes.times)
  for (const timeMs of panes.times) {
    await forEachPair(await panes.read(timeMs), view.pause, (key, values) => {
      const list = lists.get(key)
      if (list === undefined) lists.set(key, [...values])
      else for (const value of values) list.push(value)
    })
  }
  return lists.sortedEntries()
}
