/**
 * Operations that choose elements at random. The random numbers follow from a seed, so a batch that
 * is retried chooses the same elements.
 */
import { MillraceError } from '../../base/errors.ts'
import { seededRandom } from '../../base/seeded.ts'
import { RDD } from '../rdd.ts'

/**
 * Settings of `sample` and `takeSample`.
 *
 * @example await numbers.sample(0.5, { seed: 7, withReplacement: true }).collect()
 */
export interface SampleOptions {
  /**
   * Any whole number. The same seed gives the same sample. Use the batch time to get another sample
   * in each batch.
   */
  readonly seed: number
  /** Whether an element may be chosen more than once. Default false. */
  readonly withReplacement?: boolean
}

declare module '../rdd.ts' {
  interface RDD<T> {
    /**
     * Chooses about the given fraction of the elements, in their order. Each element is chosen
     * independently. With replacement, the fraction says how often an element is chosen on average.
     *
     * @param fraction From 0 to 1; with replacement, from 0.
     * @throws MillraceError `ARGUMENT_INVALID` when the fraction is not from 0 to 1 (with
     * replacement: below 0), or the seed is not a whole number.
     * @example await lines.sample(0.01, { seed: 42 }).collect()
     */
    sample(fraction: number, options: SampleOptions): RDD<T>

    /**
     * Returns `count` elements at random, in any order. Without replacement, it returns all
     * elements if there are fewer than `count`.
     *
     * @throws MillraceError `ARGUMENT_INVALID` when the count is not a whole number from 0, or the
     * seed is not a whole number.
     * @example await lines.takeSample(10, { seed: 42 })
     */
    takeSample(count: number, options: SampleOptions): Promise<T[]>

    /**
     * Splits the elements at random into as many RDDs as there are weights.
     *
     * @param weights The relative size of each RDD; they need not add up to 1.
     * @throws MillraceError `ARGUMENT_INVALID` when a weight is below 0, or all are 0, or the seed
     * is not a whole number.
     * @example const [training, test] = rdd.randomSplit([0.9, 0.1], { seed: 42 })
     */
    randomSplit(weights: readonly number[], options: Pick<SampleOptions, 'seed'>): RDD<T>[]
  }
}

const invalid = (problem: string, value: unknown, allowed: string): MillraceError =>
  new MillraceError('ARGUMENT_INVALID', { problem, value, allowed })

/** Makes the random numbers of one partition, from 0 to 1: each partition has its own sequence. */
const drawsOf = (seed: number, partition: number): (() => number) => {
  if (!Number.isSafeInteger(seed)) throw invalid('Sampling needs a seed', seed, 'a whole number')
  return seededRandom((seed % 0x1_0000_0000) ^ Math.imul(partition + 1, 0x9e3779b9))
}

/** Draws a number from the Poisson distribution with this mean (Knuth's method). */
const poisson = (mean: number, draw: () => number): number => {
  const limit = Math.exp(-mean)
  let count = 0
  for (let product = draw(); product > limit; product *= draw()) count += 1
  return count
}

RDD.prototype.sample = function <T>(
  this: RDD<T>,
  fraction: number,
  { seed, withReplacement = false }: SampleOptions,
) {
  if (!(fraction >= 0 && (withReplacement || fraction <= 1)))
    throw invalid(
      'sample() needs a fraction',
      fraction,
      withReplacement ? 'a number from 0' : 'a number from 0 to 1',
    )
  drawsOf(seed, 0)
  return this.mapPartitionsWithIndex((elements, partition) => {
    const draw = drawsOf(seed, partition)
    const times = (): number =>
      withReplacement ? poisson(fraction, draw) : Number(draw() < fraction)
    return [...elements].flatMap((element) => Array<T>(times()).fill(element))
  })
}

RDD.prototype.takeSample = async function <T>(
  this: RDD<T>,
  count: number,
  { seed, withReplacement = false }: SampleOptions,
) {
  if (!Number.isInteger(count) || count < 0)
    throw invalid('takeSample() needs a number of elements', count, 'a whole number from 0')
  const draw = drawsOf(seed, 0)
  const elements = await this.collect()
  if (elements.length === 0) return []
  if (withReplacement)
    return Array.from({ length: count }, () => elements[Math.floor(draw() * elements.length)] as T)
  // Fisher-Yates shuffle, stopped after the elements that are needed.
  const taken = Math.min(count, elements.length)
  for (let i = 0; i < taken; i++) {
    const other = i + Math.floor(draw() * (elements.length - i))
    const swapped = elements[i] as T
    elements[i] = elements[other] as T
    elements[other] = swapped
  }
  return elements.slice(0, taken)
}

RDD.prototype.randomSplit = function <T>(
  this: RDD<T>,
  weights: readonly number[],
  { seed }: Pick<SampleOptions, 'seed'>,
) {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (!weights.every((weight) => weight >= 0) || !(total > 0))
    throw invalid('randomSplit() needs weights', weights, 'numbers from 0, at least one above 0')
  drawsOf(seed, 0)
  const bounds = weights.map(
    (_, index) => weights.slice(0, index + 1).reduce((sum, weight) => sum + weight, 0) / total,
  )
  return weights.map((_, chosen) =>
    this.mapPartitionsWithIndex((elements, partition) => {
      const draw = drawsOf(seed, partition)
      return [...elements].filter(() => {
        const at = draw()
        return bounds.findIndex((bound) => at < bound) === chosen
      })
    }),
  )
}
