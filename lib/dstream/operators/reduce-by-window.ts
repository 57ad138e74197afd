import type { Duration } from '../../base/duration.ts'
import { refuseAsync, synchronous } from '../../base/promises.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { checkSpan } from '../window-span.ts'
import { inverseWindowNode } from './inverse-window.ts'
import { reducedWindowNode } from './reduced-window.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Reduces, at every slide, the elements of the batches of the last `length` to one. `f` must be
     * associative. An empty window gives nothing.
     *
     * @param length How far back the window reaches: a multiple of this stream's slide.
     * @param slide How often there is a window. Default: the slide of this stream.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide.
     * @example numbers.reduceByWindow((a, b) => Math.max(a, b), seconds(60), seconds(10))
     */
    reduceByWindow(f: (a: T, b: T) => T, length: Duration, slide?: Duration): DStream<T>

    /**
     * The same with an inverse: `inverse(accumulated, leaving)` removes a value that leaves the
     * window. After the first element there is a result at every slide, also for empty windows (0,
     * for sums).
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as above.
     * @example numbers.reduceByWindow((a, b) => a + b, (a, b) => a - b, seconds(60), seconds(10))
     */
    reduceByWindow(
      f: (a: T, b: T) => T,
      inverse: (accumulated: T, leaving: T) => T,
      length: Duration,
      slide?: Duration,
    ): DStream<T>

    /**
     * Counts, at every slide, the elements of the batches of the last `length`. There is no result
     * before the first element; after it, every slide gives one number, and an empty window gives
     * 0.
     *
     * @param length How far back the window reaches: a multiple of this stream's slide.
     * @param slide How often there is a window. Default: the slide of this stream.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide.
     * @example lines.countByWindow(seconds(60), seconds(10)).print()
     */
    countByWindow(length: Duration, slide?: Duration): DStream<number>
  }
}

type Reduce = (a: unknown, b: unknown) => unknown

/** A window without keys is computed as a window with one key. */
const ONE_KEY = null

const oneKey = (input: RDD<never>): RDD<[null, unknown]> =>
  input.mapToPair((element) => [ONE_KEY, element])
const values = (pairs: RDD<[null, unknown]>): RDD<unknown> => pairs.map(([, value]) => value)

DStream.prototype.reduceByWindow = function (
  this: DStream<unknown>,
  f: Reduce,
  ...rest: unknown[]
) {
  checkFunction('reduceByWindow', f)
  const inverse = typeof rest[0] === 'function' ? (rest[0] as Reduce) : undefined
  refuseAsync('reduceByWindow inverse', inverse)
  const [length, slide] = (inverse === undefined ? rest : rest.slice(1)) as [
    Duration,
    Duration | undefined,
  ]
  const span = checkSpan('reduceByWindow', this, length, slide)
  const parameters = {
    lengthMs: span.lengthMs,
    slideMs: span.slideMs,
    inverse: inverse !== undefined,
  }
  const reduction = {
    kind: 'reduceByWindow',
    span,
    partitions: 1,
    f: synchronous(f),
    pairs: oneKey,
    result: values,
    parameters,
  }
  return this.to(
    inverse === undefined
      ? reducedWindowNode(this.node, reduction)
      : inverseWindowNode(this.node, { ...reduction, inverse: synchronous(inverse) }),
  )
}

DStream.prototype.countByWindow = function (length, slide) {
  const span = checkSpan('countByWindow', this, length, slide)
  return this.to(
    inverseWindowNode<null, number>(this.node, {
      kind: 'countByWindow',
      span,
      partitions: 1,
      f: (a, b) => a + b,
      inverse: (a, b) => a - b,
      pairs: (input) => input.mapToPair(() => [ONE_KEY, 1]),
      result: values,
      parameters: { lengthMs: span.lengthMs, slideMs: span.slideMs },
    }),
  )
}
