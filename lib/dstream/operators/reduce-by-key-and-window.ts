import type { Duration } from '../../base/duration.ts'
import type { RDD, ShuffleOptions } from '../../rdd/rdd.ts'
import { checkFunction, checkShuffle } from '../checks.ts'
import { DStream } from '../dstream.ts'
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
   * Keeps a result; those for which it is false are forgotten. It must only drop keys that have
   * nothing left in the window: a value that leaves a forgotten key is an error. Default: keys stay
   * for ever.
   */
  readonly filter?: (key: K, value: V) => boolean
}

declare module '../dstream.ts' {
  interface DStream<T> {
    /**
     * At every slide, one pair for each key in the batches of the last `length`, its values reduced
     * by an associative `f`; on pairs only. Each batch is reduced once, and the work for a slide
     * does not grow with the length of the window.
     *
     * @param slide Default: as this stream.
     * @throws MillraceError `ARGUMENT_INVALID` when length or slide is not a multiple of this
     * stream's slide, or `partitions` not a whole number from 1 to 1024.
     * @example pairs.reduceByKeyAndWindow((a, b) => Math.max(a, b), seconds(60), seconds(10))
     */
    reduceByKeyAndWindow<K, V>(
      this: DStream<[K, V]>,
      f: (a: V, b: V) => V,
      length: Duration,
      slide?: Duration,
      options?: ShuffleOptions,
    ): DStream<[K, V]>

    /**
     * The same with an inverse: `inverse(accumulated, leaving)` takes out what leaves the window,
     * so that a slide costs only what is new and what leaves. A key stays with what is left of it
     * (0, for sums) until `filter` drops it.
     *
     * @throws MillraceError `ARGUMENT_INVALID`, as above; `WINDOW_KEY_LOST` in a batch, when a
     * filter has dropped a key that was needed.
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
    reduceByKeyAndWindow<K, V>(
      this: DStream<[K, V]>,
      f: (a: V, b: V) => V,
      inverse: (accumulated: V, leaving: V) => V,
      length: Duration,
      slide?: Duration,
      options?: InverseWindowOptions<K, V>,
    ): DStream<[K, V]>
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
  const [length, slide, options = {}] = (inverse === undefined
    ? rest
    : rest.slice(1)) as unknown as Rest
  const span = checkSpan(KIND, this, length, slide)
  const { partitions = 1 } = checkShuffle(options)
  const reduction = {
    kind: KIND,
    span,
    partitions,
    f,
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
  return this.to(inverseWindowNode(this.node, { ...reduction, inverse, keep }))
}
