import { allOrFirstError } from '../../base/concurrency.ts'
import type { Duration } from '../../base/duration.ts'
import { isSimple } from '../../base/packed.ts'
import { rddOfElements } from '../../rdd/rdd.ts'
import { checkStorable, storeChecked } from './storable.ts'
import { DStream } from '../dstream.ts'
import { operatorNode } from '../plan-node.ts'
import { beginOf, checkSpan, isDue, isHeld, layoutOf } from '../window-span.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Collects, at every slide, the elements of all batches of the last `length`, older batches
     * first. The first window is at the first slide, with the batches so far. A window without
     * elements is an empty RDD. Between slides the stream has no RDD.
     *
     * @param length How far back the window reaches: a multiple of this stream's slide.
     * @param slide How often there is a window. Default: the slide of this stream.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide.
     * @example lines.window(seconds(60), seconds(20)).count().print()
     */
    window(length: Duration, slide?: Duration): DStream<T>
  }
}

type Elements = readonly (readonly unknown[])[]

DStream.prototype.window = function (length, slide) {
  const span = checkSpan('window', this, length, slide)
  return this.to(
    operatorNode(
      'window',
      [this.node],
      async ([input], batch) => {
        const panes = batch.panes<Elements>(0)
        // Copies: a user's function may change the array that it gets, and the next window must not
        // see that.
        let elements: Elements = []
        if (input !== undefined && isHeld(span, batch))
          await storeChecked(input, checkStorable, async (some) => {
            elements = copyOf(await some.partitions())
            if (elements.every((part) => part.length === 0)) panes.unput()
            else panes.put(elements, elements.flat().every(isSimple))
          })
        if (!isDue(span, batch)) return undefined
        panes.dropBefore(beginOf(span, batch))
        const times = panes.times.filter((timeMs) => timeMs < batch.timeMs)
        await panes.fetch(times)
        const older = await allOrFirstError(times.map((timeMs) => panes.read(timeMs)))
        return rddOfElements(copyOf([...older.flat(), ...elements]))
      },
      {
        stateful: { partitions: 1, panes: true, layout: layoutOf(span) },
        slideMs: span.slideMs,
        parameters: { lengthMs: span.lengthMs, slideMs: span.slideMs },
      },
    ),
  )
}

const copyOf = (elements: Elements): Elements => elements.map((part) => [...part])
