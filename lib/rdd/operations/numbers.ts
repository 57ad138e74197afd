/** Operations on RDDs of numbers. */
import { MillraceError } from '../../base/errors.ts'
import { RDD } from '../rdd.ts'
import { emptyRddError } from './actions.ts'

/**
 * Statistics of an RDD of numbers. Without numbers, `count` and `sum` are 0, `min` is Infinity,
 * `max` is -Infinity, `mean` is 0, and all others are NaN, as in Spark.
 *
 * @example (await numbers.stats()).mean // 2
 */
export interface Stats {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly mean: number
  /** The variance of the whole population: divided by the count. */
  readonly variance: number
  readonly stdev: number
  /** The variance of a sample: divided by the count minus one. NaN for fewer than two numbers. */
  readonly sampleVariance: number
  readonly sampleStdev: number
}

/**
 * A histogram: how many numbers lie between each two neighbouring bounds.
 *
 * @example (await numbers.histogram(2)).counts // [1, 2]
 */
export interface Histogram {
  /** The bounds of the buckets, ascending: one more than `counts`. */
  readonly buckets: readonly number[]
  /**
   * The count of each bucket. A number equal to a bound is in the bucket above the bound; the last
   * bucket also includes its upper bound.
   */
  readonly counts: readonly number[]
}

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * The sum of all numbers. 0 for an empty RDD.
     *
     * @example await parallelize([1, 2, 3]).sum() // 6
     */
    sum(this: RDD<number>): Promise<number>

    /**
     * The mean of all numbers. 0 for an empty RDD, as in Spark.
     *
     * @example await parallelize([1, 2, 3]).mean() // 2
     */
    mean(this: RDD<number>): Promise<number>

    /**
     * Count, sum, mean, minimum, maximum, variance and standard deviation, in one pass.
     *
     * @example (await parallelize([1, 2, 3, 4]).stats()).variance // 1.25
     */
    stats(this: RDD<number>): Promise<Stats>

    /**
     * The variance of all numbers, as a whole population. NaN for an empty RDD.
     *
     * @example await parallelize([1, 2, 3, 4]).variance() // 1.25
     */
    variance(this: RDD<number>): Promise<number>

    /**
     * The standard deviation of all numbers, as a whole population. NaN for an empty RDD.
     *
     * @example await parallelize([2, 4]).stdev() // 1
     */
    stdev(this: RDD<number>): Promise<number>

    /**
     * Counts the numbers in each bucket. `buckets` is either the bounds of the buckets, ascending,
     * or the number of buckets: these then have equal width and reach from the smallest to the
     * largest number. Numbers outside given bounds are not counted. If all numbers are equal, there
     * is one bucket.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when there are fewer than two bounds or they are not
     * ascending; or when a number of buckets is given and it is not a whole number from 1, the RDD
     * is empty, or a number is not finite.
     * @example
     * ```ts
     * await parallelize([1, 2, 3, 4]).histogram(2)
     * // { buckets: [1, 2.5, 4], counts: [2, 2] }
     * ```
     */
    histogram(this: RDD<number>, buckets: number | readonly number[]): Promise<Histogram>
  }
}

RDD.prototype.sum = async function () {
  return (await this.collect()).reduce((a, b) => a + b, 0)
}

RDD.prototype.mean = async function () {
  return (await this.stats()).mean
}

RDD.prototype.variance = async function () {
  return (await this.stats()).variance
}

RDD.prototype.stdev = async function () {
  return (await this.stats()).stdev
}

RDD.prototype.stats = async function () {
  let [count, mean, squares] = [0, 0, 0]
  let [sum, min, max] = [0, Infinity, -Infinity]
  await this.foreach((number) => {
    // Welford's method: no loss of digits, as there is when large sums of squares are subtracted.
    count += 1
    const delta = number - mean
    mean += delta / count
    squares += delta * (number - mean)
    sum += number
    min = Math.min(min, number)
    max = Math.max(max, number)
  })
  const variance = count === 0 ? Number.NaN : squares / count
  const sampleVariance = count <= 1 ? Number.NaN : squares / (count - 1)
  return {
    count,
    sum,
    min,
    max,
    mean,
    variance,
    stdev: Math.sqrt(variance),
    sampleVariance,
    sampleStdev: Math.sqrt(sampleVariance),
  }
}

RDD.prototype.histogram = async function (wanted) {
  const buckets =
    typeof wanted === 'number' ? await evenBuckets(this, wanted) : checkBuckets(wanted)
  const counts = Array<number>(buckets.length - 1).fill(0)
  const last = buckets.at(-1) as number
  await this.foreach((number) => {
    const above = buckets.findIndex((bound) => number < bound)
    const index = number === last ? counts.length - 1 : above - 1
    if (index >= 0) counts[index] = (counts[index] as number) + 1
  })
  return { buckets, counts }
}

const checkBuckets = (buckets: readonly number[]): readonly number[] => {
  const isAscending = buckets.every(
    (bound, index) => index === 0 || bound > (buckets[index - 1] as number),
  )
  if (buckets.length >= 2 && isAscending) return [...buckets]
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: 'histogram() needs ascending bounds',
    value: buckets,
    allowed: 'two or more numbers, ascending',
  })
}

const evenBuckets = async (rdd: RDD<number>, count: number): Promise<readonly number[]> => {
  if (!Number.isInteger(count) || count < 1)
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'histogram() needs a number of buckets',
      value: count,
      allowed: 'a whole number from 1',
    })
  const { count: numbers, min, max } = await rdd.stats()
  if (numbers === 0) throw emptyRddError('histogram', 'check isEmpty() first, or give bounds')
  if (!Number.isFinite(max - min))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'histogram() needs finite numbers',
      value: [min, max],
      fix: 'filter out infinite numbers and NaN first',
    })
  // Numbers that are all equal make one bucket, as in Spark.
  if (min === max) return [min, min]
  return Array.from({ length: count + 1 }, (_, index) =>
    index === count ? max : min + (index * (max - min)) / count,
  )
}
