import { greatestOf, leastOf } from '../../base/extremes.ts'
import { type Pause, visitAll } from '../../base/pauses.ts'
import { checkConverges, type Vector } from '../checks.ts'
import { addScaled, scale, squaredDistance } from '../linear.ts'

/**
 * A k-means model as plain data, as it is stored and as it becomes JSON.
 *
 * @example const model: KMeansModel = { clusterCenters: [[0, 0], [9, 9]], clusterWeights: [3, 1] }
 */
export interface KMeansModel {
  /** The centers, in the order of their clusters. */
  readonly clusterCenters: readonly Vector[]
  /** How much each cluster weighs: the number of its points, the older ones discounted. */
  readonly clusterWeights: readonly number[]
}

/** How a model forgets. See `StreamingKMeans`. */
export interface Decay {
  readonly decayFactor: number
  readonly timeUnit: TimeUnit
}

/**
 * What a half-life is counted in.
 *
 * @example const unit: TimeUnit = 'batches'
 */
export type TimeUnit = 'batches' | 'points'

/** The cluster whose center is nearest: of several, the first. */
export const nearestCluster = ({ clusterCenters }: KMeansModel, point: Vector): number => {
  let nearest = 0
  let least = Infinity
  for (let cluster = 0; cluster < clusterCenters.length; cluster++) {
    const distance = squaredDistance(clusterCenters[cluster] as Vector, point)
    if (distance >= least) continue
    nearest = cluster
    least = distance
  }
  return nearest
}

/** A model that is being changed. */
interface Draft {
  readonly clusterCenters: readonly number[][]
  readonly clusterWeights: number[]
}

const draftOf = ({ clusterCenters, clusterWeights }: KMeansModel): Draft => ({
  clusterCenters: clusterCenters.map((center) => [...center]),
  clusterWeights: [...clusterWeights],
})

/** No cluster weighs less than this, as a divisor. */
const LEAST_WEIGHT = 1e-16

/** A cluster that weighs less than this part of the heaviest one is dying. */
const DYING = 1e-8

/** The two halves of a cluster that is split are so far from its center, relative to it. */
const SPLIT = 1e-14

/**
 * The model after a batch of points.
 *
 * Source: the update rule of Spark 3.5 (StreamingKMeansModel.update), in its order of operations.
 */
export const learnPoints = async (
  model: KMeansModel,
  points: readonly Vector[],
  { decayFactor, timeUnit }: Decay,
  pause?: Pause,
): Promise<KMeansModel> => {
  const draft = draftOf(model)
  const { clusterCenters, clusterWeights } = draft
  const sums = clusterCenters.map((center) => center.map(() => 0))
  const counts = clusterCenters.map(() => 0)
  await visitAll(points, pause, (point) => {
    const cluster = nearestCluster(model, point)
    counts[cluster] = (counts[cluster] as number) + 1
    addScaled(sums[cluster] as number[], 1, point)
  })
  discount(clusterWeights, timeUnit === 'batches' ? decayFactor : decayFactor ** points.length)
  for (const [cluster, count] of counts.entries()) {
    if (count === 0) continue
    const center = clusterCenters[cluster] as number[]
    const weight = (clusterWeights[cluster] as number) + count
    clusterWeights[cluster] = weight
    const share = count / Math.max(weight, LEAST_WEIGHT)
    scale(center, 1 - share)
    addScaled(center, share / count, sums[cluster] as number[])
  }
  splitForDying(draft)
  checkConverges([...clusterCenters.flat(), ...clusterWeights], 'scale the points to about 1')
  return draft
}

/** The model after batches without points: only weights of batches decay, and clusters die. */
export const learnNothing = (
  model: KMeansModel,
  batches: number,
  { decayFactor, timeUnit }: Decay,
): KMeansModel => {
  const draft = draftOf(model)
  for (let batch = 0; batch < batches; batch++) {
    const changed = timeUnit === 'batches' && discount(draft.clusterWeights, decayFactor)
    if (!splitForDying(draft) && !changed) break
  }
  return draft
}

/** Whether a weight has changed. */
const discount = (weights: number[], factor: number): boolean => {
  let changed = false
  for (const [cluster, weight] of weights.entries()) {
    weights[cluster] = weight * factor
    changed ||= weights[cluster] !== weight
  }
  return changed
}

/** A cluster that is dying gets half of the heaviest one. Whether there was one. */
const splitForDying = ({ clusterCenters, clusterWeights }: Draft): boolean => {
  const [most, least] = [greatestOf(clusterWeights), leastOf(clusterWeights)]
  if (!(least < DYING * most)) return false
  const [largest, smallest] = [clusterWeights.indexOf(most), clusterWeights.indexOf(least)]
  const weight = (most + least) / 2
  clusterWeights[largest] = weight
  clusterWeights[smallest] = weight
  const from = clusterCenters[largest] as number[]
  const to = clusterCenters[smallest] as number[]
  for (const [i, x] of from.entries()) {
    const distance = SPLIT * Math.max(Math.abs(x), 1)
    from[i] = x + distance
    to[i] = x - distance
  }
  return true
}

/**
 * A k-means model to work with: of the element of `latestModel()`, of what `openState` gives, or of
 * JSON.
 *
 * @example
 * ```ts
 * const model = new StreamingKMeansModel({ clusterCenters: [[0], [9]], clusterWeights: [1, 1] })
 * model.predict([7]) // 1
 * ```
 */
export class StreamingKMeansModel implements KMeansModel {
  readonly clusterCenters: readonly Vector[]
  readonly clusterWeights: readonly number[]

  constructor({ clusterCenters, clusterWeights }: KMeansModel) {
    this.clusterCenters = clusterCenters
    this.clusterWeights = clusterWeights
  }

  /**
   * The number of clusters.
   *
   * @example new StreamingKMeansModel({ clusterCenters: [[0]], clusterWeights: [1] }).k // 1
   */
  get k(): number {
    return this.clusterCenters.length
  }

  /**
   * The cluster whose center is nearest to a point: its place among the centers, from 0. Of several
   * that are equally near, the first.
   *
   * @example
   * ```ts
   * const clusterWeights = [1, 1]
   * new StreamingKMeansModel({ clusterCenters: [[0], [9]], clusterWeights }).predict([8])
   * ```
   */
  predict(point: Vector): number {
    return nearestCluster(this, point)
  }

  /**
   * The model after one batch of points.
   *
   * @example
   * ```ts
   * const model = new StreamingKMeansModel({ clusterCenters: [[0]], clusterWeights: [1] })
   * const next = await model.update([[0.5], [8]], 1, 'batches')
   * ```
   */
  async update(
    points: readonly Vector[],
    decayFactor: number,
    timeUnit: TimeUnit,
  ): Promise<StreamingKMeansModel> {
    return new StreamingKMeansModel(await learnPoints(this, points, { decayFactor, timeUnit }))
  }

  /**
   * The model as plain data.
   *
   * @example
   * ```ts
   * JSON.stringify(new StreamingKMeansModel({ clusterCenters: [[0]], clusterWeights: [1] }))
   * ```
   */
  toJSON(): KMeansModel {
    const { clusterCenters, clusterWeights } = this
    return { clusterCenters, clusterWeights }
  }
}
