import type { Duration } from '../../base/duration.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { checkFunction } from '../checks.ts'
import { DStream } from '../dstream.ts'
import { checkSpan } from '../window-span.ts'
import { inverseWindowNode } from './inverse-window.ts'
import { reducedWindowNode } from './reduced-window.ts'

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * At every slide, the elements of the last `length` reduced to one by an associative `f`;
     * nothing for a window that holds none.
     *
     * @param slide Default: as this stream.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide.
     * @example numbers.reduceByWindow((a, b) => Math.max(a, b), seconds(60), seconds(10))
     */
    reduceByWindow(f: (a: T, b: T) => T, length: Duration, slide?: Duration): DStream<T>

    /**
     * The same with an inverse: `inverse(accumulated, leaving)` takes out what leaves the window.
     * From the first element on there is a result at every slide, for empty windows too (0, for
     * sums).
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
     * At every slide, how many elements the batches of the last `length` have: nothing before the
     * first element ever, then a number at every slide, 0 for an empty window.
     *
     * @param slide Default: as this stream.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide.
     * @example lines.countByWindow(seconds(60), seconds(10)).print()
     */
    countByWindow(length: Duration, slide?: Duration): DStream<number>
  }
}

type Reduce = (a: unknown, b: unknown) => unknown

/** A window without keys is one with a single key. */
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
    f,
    pairs: oneKey,
    result: values,
    parameters,
  }
  return this.to(
    inverse === undefined
      ? reducedWindowNode(this.node, reduction)
      : inverseWindowNode(this.node, { ...reduction, inverse }),
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
