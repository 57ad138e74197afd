import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import { allOrFirstError } from '../../base/concurrency.ts'
import type { Duration } from '../../base/duration.ts'
import { KeyedMap } from '../../base/keys.ts'
import { isSimple } from '../../base/packed.ts'
import type { Pause } from '../../base/pauses.ts'
import { forEachPair, type KeyedPane } from '../../state/operator/keyed-pane.ts'
import type { Panes } from '../../state/operator/panes.ts'
import { rddOfElements, type RDD, type ShuffleOptions } from '../../rdd/rdd.ts'
import { checkShuffle } from '../checks.ts'
import { checkStorableValue, storeChecked } from './storable.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'
import { beginOf, checkSpan, isDue, isHeld, layoutOf } from '../window-span.ts'

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

type GroupPanes = Panes<KeyedPane<unknown, readonly unknown[]>>

DStream.prototype.groupByKeyAndWindow = function (length, slide, options = {}) {
  const span = checkSpan('groupByKeyAndWindow', this, length, slide)
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    operatorNode(
      'groupByKeyAndWindow',
      [this.node],
      async ([input], batch) => {
        const all = Array.from({ length: partitions }, (_, partition): GroupPanes =>
          batch.panes(partition),
        )
        if (input !== undefined && isHeld(span, batch)) {
          const pairs = input as RDD<[unknown, unknown]>
          await storeChecked(pairs, checkStorableValue, async (some) => {
            const groups = await some.groupByKey({ partitions }).partitions()
            all.forEach((panes, partition) => putGroups(panes, groups[partition] ?? []))
          })
        }
        if (!isDue(span, batch)) return undefined
        return rddOfElements(
          await allOrFirstError(
            all.map(async (panes) => {
              panes.dropBefore(beginOf(span, batch))
              return joinPanes(panes, batch.pause)
            }),
          ),
        )
      },
      {
        stateful: { partitions, panes: true, keyedPanes: true, layout: layoutOf(span) },
        combines: true,
        slideMs: span.slideMs,
        keyed: true,
        parameters: { lengthMs: span.lengthMs, slideMs: span.slideMs, partitions },
      },
    ),
  )
}

const putGroups = (
  panes: GroupPanes,
  groups: readonly (readonly [unknown, readonly unknown[]])[],
): void => {
  if (groups.length === 0) return panes.unput()
  const lists = groups.map(([, values]) => values)
  panes.put(
    [groups.map(([key]) => key), lists],
    lists.every((values) => values.every(isSimple)),
  )
}

const joinPanes = async (panes: GroupPanes, pause: Pause): Promise<[unknown, unknown[]][]> => {
  const lists = new KeyedMap<unknown, unknown[]>()
  await panes.fetch(panes.times)
  for (const timeMs of panes.times) {
    await forEachPair(await panes.read(timeMs), pause, (key, values) => {
      const list = lists.get(key)
      if (list === undefined) lists.set(key, [...values])
      else for (const value of values) list.push(value)
    })
  }
  return lists.sortedEntries()
}
