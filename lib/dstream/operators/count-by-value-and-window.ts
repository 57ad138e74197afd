import type { Duration } from '../../base/duration.ts'
import type { ShuffleOptions } from '../../rdd/rdd.ts'
import { checkShuffle } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { checkSpan } from '../window-span.ts'
import { inverseWindowNode } from './inverse-window.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * At every slide, how often each value occurs in the batches of the last `length`: pairs of a
     * value and its count, in the order of the values. Values are compared as keys. A value that is
     * not in the window has no pair.
     *
     * @param length The length of the window: a multiple of this stream's slide.
     * @param slide The time between two windows: a multiple of this stream's slide. Default: this
     * stream's slide.
     * @throws MillraceError `ARGUMENT_INVALID` when `length` or `slide` is not such a multiple, or
     * when `partitions` is not a whole number from 1 to 1024.
     * @example words.countByValueAndWindow(seconds(60), seconds(10)).print()
     */
    countByValueAndWindow(
      length: Duration,
      slide?: Duration,
      options?: ShuffleOptions,
    ): DStream<[T, number]>
  }
}

DStream.prototype.countByValueAndWindow = function (length, slide, options = {}) {
  const span = checkSpan('countByValueAndWindow', this, length, slide)
  const { partitions = 1 } = checkShuffle(options)
  return this.to(
    inverseWindowNode<unknown, number>(this.node, {
      kind: 'countByValueAndWindow',
      keyed: true,
      span,
      partitions,
      f: (a, b) => a + b,
      inverse: (a, b) => a - b,
      keep: (_, count) => count !== 0,
      pairs: (input) => input.mapToPair((value) => [value, 1]),
      result: (pairs) => pairs,
      parameters: { lengthMs: span.lengthMs, slideMs: span.slideMs, partitions },
    }),
  )
}
