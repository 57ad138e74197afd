import type { PairKey, PairValue } from '../../rdd/pair-types.ts'
import type { Duration } from '../../base/duration.ts'
import { refuseAsync, synchronous } from '../../base/promises.ts'
import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream, type PairStream } from '../dstream.ts'
import { checkSpan } from '../window-span.ts'
import { inverseWindowNode } from './inverse-window.ts'
import { reducedWindowNode } from './reduced-window.ts'

/**
 * Settings of `reduceByKeyAndWindow` with an inverse.
 *
 * @example
 * ```ts
 * pairs.reduceByKeyAndWindow(add, (sum, left) => sum - left, seconds(60), seconds(10), {
 *   filter: (word, sum) => sum !== 0,
 * })
 * ```
 */
export interface InverseWindowOptions<K, V> extends ShuffleOptions {
  /**
   * Says whether to keep a key with this result; the key is dropped when it returns false. It must
   * only drop keys that have no more values in the window: if a value of a dropped key leaves the
   * window later, the batch fails with `WINDOW_KEY_LOST`. Default: keys stay for ever.
   */
  readonly filter?: (key: K, value: V) => boolean
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * Reduces, at every slide, the values of each key in the batches of the last `length` to one.
     * The result has one pair for each key. `f` must be associative. On pairs only. Each batch is
     * reduced once, and the work of a slide does not grow with the length of the window.
     *
     * @param length How far back the window reaches: a multiple of this stream's slide.
     * @param slide How often there is a window. Default: the slide of this stream.
     * @param options `partitions` of the result, 1 to 1024. Default 1.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide, or `partitions` not a whole number from 1 to 1024.
     * @example pairs.reduceByKeyAndWindow((a, b) => Math.max(a, b), seconds(60), seconds(10))
     */
    reduceByKeyAndWindow(
      this: PairStream<T>,
      f: (a: PairValue<T>, b: PairValue<T>) => PairValue<T>,
      length: Duration,
      slide?: Duration,
      options?: ShuffleOptions,
    ): DStream<[PairKey<T>, PairValue<T>]>

    /**
     * The same with an inverse: `inverse(accumulated, leaving)` removes a value that leaves the
     * window. So the cost of a slide depends only on the values that enter and leave. A key without
     * values in the window stays in the result (with 0, for sums) until `filter` drops it.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as above; `WINDOW_KEY_LOST` in a batch, when the
     * filter has dropped a key that still had values in the window.
     * @example
     * ```ts
     * pairs.reduceByKeyAndWindow(
     *   (a, b) => a + b,
     *   (a, b) => a - b,
     *   seconds(60),
     *   seconds(10),
     * )
     * ```
     */
    reduceByKeyAndWindow(
      this: PairStream<T>,
      f: (a: PairValue<T>, b: PairValue<T>) => PairValue<T>,
      inverse: (accumulated: PairValue<T>, leaving: PairValue<T>) => PairValue<T>,
      length: Duration,
      slide?: Duration,
      options?: InverseWindowOptions<PairKey<T>, PairValue<T>>,
    ): DStream<[PairKey<T>, PairValue<T>]>
  }
}

type Reduce = (a: unknown, b: unknown) => unknown
type Rest = readonly [
  length: Duration,
  slide?: Duration,
  options?: InverseWindowOptions<unknown, unknown>,
]

const KIND = 'reduceByKeyAndWindow'

DStream.prototype.reduceByKeyAndWindow = function (
  this: DStream<[unknown, unknown]>,
  f: Reduce,
  ...rest: unknown[]
) {
  checkFunction(KIND, f)
  const inverse = typeof rest[0] === 'function' ? (rest[0] as Reduce) : undefined
  refuseAsync(`${KIND} inverse`, inverse)
  const [length, slide, options = {}] = (inverse === undefined
    ? rest
    : rest.slice(1)) as unknown as Rest
  const span = checkSpan(KIND, this, length, slide)
  const { partitions = 1 } = checkShuffle(options)
  const reduction = {
    kind: KIND,
    keyed: true,
    span,
    partitions,
    f: synchronous(f),
    pairs: (input: RDD<never>) => input as RDD<[unknown, unknown]>,
    result: (pairs: RDD<[unknown, unknown]>) => pairs,
    parameters: {
      lengthMs: span.lengthMs,
      slideMs: span.slideMs,
      partitions,
      inverse: inverse !== undefined,
    },
  }
  if (inverse === undefined) return this.to(reducedWindowNode(this.node, reduction))
  const { filter: keep } = options
  if (keep !== undefined) checkFunction(`${KIND} filter`, keep)
  return this.to(
    inverseWindowNode(this.node, { ...reduction, inverse: synchronous(inverse), keep }),
  )
}
