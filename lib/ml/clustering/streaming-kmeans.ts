import { MillraceError } from '../../base/errors.ts'
import { checkChoice } from '../../dstream/checks.ts'
import type { DStream } from '../../dstream/dstream.ts'
import { ABOVE_ZERO, checkNumber, WHOLE_FROM_ONE, ZERO_OR_MORE } from '../../base/number-ranges.ts'
import { checkRecord, checkVector, type Vector } from '../checks.ts'
import { type Learner, ModelStreams, type PredictOptions } from '../learner.ts'
import { XorShift } from '../random/xor-shift.ts'
import {
  type KMeansModel,
  learnNothing,
  learnPoints,
  nearestCluster,
  type TimeUnit,
} from './kmeans-model.ts'

/**
 * K-means over a stream: each batch moves the centers towards its points, and older points count
 * less and less. Names and results are those of Spark's MLlib 3.5.
 *
 * The model is a state, with all that this promises: a batch changes it exactly once, and it is
 * there after a crash, a restart and a deployment. `millrace state` shows it, and `openState` reads
 * it. Settings come first, then `trainOn`, then predictions.
 *
 * @example
 * ```ts
 * const points = ssc.textFileStream('points').map((line) => line.split(',').map(Number))
 * const kmeans = new StreamingKMeans()
 *   .setK(3)
 *   .setHalfLife(5, 'batches')
 *   .setRandomCenters(2, 1, 42)
 *   .named('clusters')
 * kmeans.trainOn(points)
 * kmeans.predictOn(points).countByValue().print()
 * ```
 */
export class StreamingKMeans {
  readonly #streams = new ModelStreams<KMeansModel, Vector>('StreamingKMeans')
  #k = 2
  #decayFactor = 1
  #timeUnit: TimeUnit = 'batches'
  #initial: ((k: number) => KMeansModel) | undefined

  /**
   * The number of clusters. Default 2.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 1.
   * @example new StreamingKMeans().setK(4)
   */
  setK(k: number): this {
    this.#streams.checkOpen('setK()')
    this.#k = checkNumber('k', k, WHOLE_FROM_ONE)
    return this
  }

  /**
   * How much of the weight of older points each batch leaves (or each point, after
   * `setHalfLife(..., 'points')`): 1 counts all points alike, 0 only those of the newest batch.
   * Default 1.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is negative.
   * @example new StreamingKMeans().setDecayFactor(0.9)
   */
  setDecayFactor(decayFactor: number): this {
    this.#streams.checkOpen('setDecayFactor()')
    this.#decayFactor = checkNumber('decayFactor', decayFactor, ZERO_OR_MORE)
    return this
  }

  /**
   * Sets the decay factor so that a point counts half after so many batches, or after so many
   * points.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when `halfLife` is not above 0.
   * @example new StreamingKMeans().setHalfLife(1_000, 'points')
   */
  setHalfLife(halfLife: number, timeUnit: TimeUnit): this {
    this.#streams.checkOpen('setHalfLife()')
    checkChoice('setHalfLife', 'timeUnit', timeUnit, ['batches', 'points'])
    const length = checkNumber('halfLife', halfLife, ABOVE_ZERO)
    this.#decayFactor = Math.exp(Math.log(0.5) / length)
    this.#timeUnit = timeUnit
    return this
  }

  /**
   * The centers before the first batch, one for each cluster, and what each weighs. They count only
   * for a model that is not stored yet.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when a center is no vector, they have several lengths,
   * or there are not as many weights, each 0 or more.
   * @example new StreamingKMeans().setInitialCenters([[0, 0], [9, 9]], [1, 1])
   */
  setInitialCenters(centers: readonly Vector[], weights: readonly number[]): this {
    this.#streams.checkOpen('setInitialCenters()')
    const areLists = [centers, weights].every((list) => Array.isArray(list))
    const [given, each] = areLists ? [centers, weights] : [[], [0]]
    const clusterCenters = given.map((center) => checkVector('setInitialCenters()', center))
    const clusterWeights = each.map((weight) => checkNumber('weights', weight, ZERO_OR_MORE))
    const areAlike = clusterCenters.every(({ length }) => length === clusterCenters[0]?.length)
    if (!areAlike || clusterWeights.length !== clusterCenters.length)
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'setInitialCenters() needs centers of one length, and a weight for each',
        value: [centers, weights],
      })
    this.#initial = () => ({ clusterCenters, clusterWeights })
    return this
  }

  /**
   * Draws the centers before the first batch from the normal distribution, with the random numbers
   * of Spark: a seed gives the same centers there. Unlike there, the seed must be given: a pipeline
   * is described again in each process, and must be the same.
   *
   * @param dim The number of coordinates of a point.
   * @param weight What each cluster weighs.
   * @param seed A whole number, up to 64 bits.
   * @throws MillraceError `ARGUMENT_INVALID` when `dim` is not a whole number from 1, `weight` is
   * negative, or `seed` is no whole number.
   * @example new StreamingKMeans().setK(3).setRandomCenters(2, 0, 42)
   */
  setRandomCenters(dim: number, weight: number, seed: number | bigint): this {
    this.#streams.checkOpen('setRandomCenters()')
    checkNumber('dim', dim, WHOLE_FROM_ONE)
    checkNumber('weight', weight, ZERO_OR_MORE)
    if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed))
      throw new MillraceError('ARGUMENT_INVALID', {
        problem: 'setRandomCenters() needs a seed',
        value: seed,
        allowed: 'a whole number, also as a bigint',
      })
    this.#initial = (k) => {
      const random = new XorShift(seed)
      const draw = (length: number): number[] => Array.from({ length }, () => random.nextGaussian())
      const clusterCenters = Array.from({ length: k }, () => draw(dim))
      return { clusterCenters, clusterWeights: clusterCenters.map(() => weight) }
    }
    return this
  }

  /**
   * The id under which the model is stored, as with `DStream.named`. Default: `streamingKMeans-1`,
   * counted among those of the pipeline.
   *
   * @example new StreamingKMeans().named('clusters')
   */
  named(id: string): this {
    this.#streams.named(id)
    return this
  }

  /** How much of the weight of older points is left: see `setDecayFactor` and `setHalfLife`. */
  get decayFactor(): number {
    return this.#decayFactor
  }

  /**
   * Learns from every batch of a stream. A record that is no vector of finite numbers, with as many
   * as a center has, is put aside as a dead letter.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there are no centers, or not k of them, when it
   * is called twice, or after a prediction.
   * @example kmeans.trainOn(points)
   */
  trainOn(stream: DStream<Vector>): void {
    const [initial, dim] = this.#begin('trainOn()')
    const decay = { decayFactor: this.#decayFactor, timeUnit: this.#timeUnit }
    const learner: Learner<KMeansModel, Vector> = {
      kind: 'streamingKMeans',
      layout: `${this.#k} clusters in ${dim} dimensions`,
      initial,
      check: (point) => checkRecord(point, dim),
      rest: (model, batches) => learnNothing(model, batches, decay),
      learn: (model, points, pause) => learnPoints(model, points, decay, pause),
    }
    this.#streams.train(stream, learner)
  }

  /**
   * The cluster of each vector: that with the nearest center. The model has learned from the batch
   * that it predicts, unless `{ model: 'before' }` is given.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there are no centers, or not k of them.
   * @example kmeans.predictOn(points).countByValue().print()
   */
  predictOn(stream: DStream<Vector>, options?: PredictOptions): DStream<number> {
    const [initial, dim] = this.#begin('predictOn()')
    return this.#streams.predict(
      'predictOn',
      stream,
      { initial, apply: (rdd, model) => rdd.map((point) => clusterOf(model, point, dim)) },
      options,
    )
  }

  /**
   * The same for the values of pairs: their keys stay.
   *
   * @example kmeans.predictOnValues(points.map((point) => [point[0], point])).print()
   */
  predictOnValues<K>(
    stream: DStream<readonly [K, Vector]>,
    options?: PredictOptions,
  ): DStream<[K, number]> {
    const [initial, dim] = this.#begin('predictOnValues()')
    return this.#streams.predict(
      'predictOnValues',
      stream,
      {
        initial,
        apply: (rdd, model) =>
          rdd.map(([key, point]): [K, number] => [key, clusterOf(model, point, dim)]),
      },
      options,
    )
  }

  /**
   * The model after each batch: a stream of one element. `new StreamingKMeansModel(element)`
   * predicts with it.
   *
   * @throws MillraceError `ARGUMENT_INVALID` before `trainOn`.
   * @example
   * ```ts
   * kmeans.trainOn(points)
   * kmeans.latestModel().map(({ clusterCenters }) => clusterCenters).print()
   * ```
   */
  latestModel(): DStream<KMeansModel> {
    return this.#streams.models
  }

  /** The model before the first batch, and the number of its dimensions. */
  #begin(operation: string): [KMeansModel, number] {
    const initial = this.#initial?.(this.#k)
    const { length } = initial?.clusterCenters ?? []
    if (initial !== undefined && length === this.#k)
      return [initial, (initial.clusterCenters[0] as Vector).length]
    throw new MillraceError('ARGUMENT_INVALID', {
      problem:
        initial === undefined
          ? `StreamingKMeans: ${operation} needs centers to begin with`
          : `StreamingKMeans: there are ${length} centers for ${this.#k} clusters`,
      fix: 'call setK(k), and setInitialCenters(centers, weights) or setRandomCenters(...)',
    })
  }
}

const clusterOf = (model: KMeansModel, point: Vector, dim: number): number => {
  checkRecord(point, dim)
  return nearestCluster(model, point)
}
