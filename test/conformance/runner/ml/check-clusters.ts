/** Cases of streaming k-means. */
import { type KMeansModel, StreamingKMeans, type TimeUnit, type Vector as Point } from 'millrace/ml'
import type { Mode } from '../pipeline.ts'
import type { Params, Vector } from '../vector.ts'
import { batchesOf, checkClose, checkThat, drawn, runLearning } from './learning.ts'

type Points = readonly (readonly Point[])[]

const TOLERANCE = 1e-6

const kmeansOf = (params: Params, { centers, weights }: Params = {}): StreamingKMeans => {
  const { k, decayFactor, halfLife, timeUnit, dim, weight, seed } = params
  const initialCenters = (params['initialCenters'] ?? params['centers'] ?? centers) as Point[]
  const initialWeights = (params['initialWeights'] ?? params['weights'] ?? weights) as number[]
  const kmeans = new StreamingKMeans().setK(Number(k ?? initialCenters.length))
  // The half-life of one sets the unit. A decay of points has no other setter.
  if (timeUnit !== undefined) kmeans.setHalfLife(1, timeUnit as TimeUnit)
  if (halfLife !== undefined) kmeans.setHalfLife(...(halfLife as [number, TimeUnit]))
  if (decayFactor !== undefined) kmeans.setDecayFactor(Number(decayFactor))
  return dim === undefined
    ? kmeans.setInitialCenters(initialCenters, initialWeights)
    : kmeans.setRandomCenters(Number(dim), Number(weight), Number(seed))
}

/** The model after each batch, and the clusters of the batch. */
const train = async (
  kmeans: StreamingKMeans,
  batches: Points,
  mode: Mode,
): Promise<
  readonly { centers: readonly Point[]; weights: readonly number[]; predictions: unknown }[]
> => {
  const [models = [], clusters = []] = await runLearning<Point>(batches, mode, (points) => {
    kmeans.trainOn(points)
    return [kmeans.latestModel(), kmeans.predictOn(points)]
  })
  return models.map(([model], batch) => {
    const { clusterCenters, clusterWeights } = model as KMeansModel
    return { centers: clusterCenters, weights: clusterWeights, predictions: clusters[batch] }
  })
}

const checkTrain = async (vector: Vector, mode: Mode): Promise<void> => {
  if (vector.compare === 'property') return checkProperty(vector, mode)
  const { params, inputBatches, expectedBatches = [] } = vector
  const models = await train(kmeansOf(params), inputBatches as Points, mode)
  const tolerance = Number(vector['tolerance'] ?? TOLERANCE)
  for (const [batch, expected] of expectedBatches.entries()) {
    const told = (expected as readonly object[])[0] as object
    const { predictions, ...model } = models[batch] as (typeof models)[number]
    checkClose(told, 'predictions' in told ? { ...model, predictions } : model, tolerance)
  }
}

const checkPredict = async (vector: Vector, mode: Mode): Promise<void> => {
  const { params, inputBatches, expectedBatches } = vector
  const [clusters] = await runLearning<Point>(inputBatches as Points, mode, (points) => [
    kmeansOf(params).predictOn(points),
  ])
  checkClose(expectedBatches, clusters, 0)
}

/** The data that the notes of a case describe. */
const PROPERTIES: Readonly<Record<string, (vector: Vector, mode: Mode) => Promise<void>>> = {
  async 'accuracy for two centers'({ params }, mode) {
    const { normal, points } = drawn(42)
    const truth = [0, 1].map(() => Array.from({ length: 5 }, () => normal(0, 1)))
    let next = 0
    const batches = batchesOf(10, 5, () => points(truth[next++ % 2] as number[], 0.1))
    const kmeans = kmeansOf(params, { centers: batches[0]?.slice(0, 2), weights: [5, 5] })
    const { centers = [] } = (await train(kmeans, batches, mode)).at(-1) ?? {}
    const isNear = (center: readonly number[]): boolean =>
      truth.some((one) => one.every((x, at) => Math.abs(x - (center[at] as number)) < 0.1))
    checkThat('both centers are within 0.1 of the true ones', centers.every(isNear), centers)
  },
  async 'detecting dying clusters'({ params }, mode) {
    const { points } = drawn(42)
    const batches = batchesOf(10, 5, () => points([0], 1))
    const { centers = [] } = (await train(kmeansOf(params), batches, mode)).at(-1) ?? {}
    const [a = NaN, b = NaN] = centers.map(([x]) => x)
    const areNear = [a, b].every((x) => Math.abs(Math.abs(x) - 0.8) < 0.6)
    checkThat('the centers have opposite signs, near 0.8', a * b < 0 && areNear, centers)
  },
}

const checkProperty = (vector: Vector, mode: Mode): Promise<void> => {
  const check = PROPERTIES[vector.name]
  if (check === undefined) throw new Error(`the vocabulary has no data for "${vector.name}"`)
  return check(vector, mode)
}

const checkDefaults = async ({ expectedValue }: Vector): Promise<void> => {
  const kmeans = new StreamingKMeans()
  const byDefault = kmeans.decayFactor
  const afterSet2 = kmeans.setDecayFactor(2).decayFactor
  checkClose(expectedValue, { default: byDefault, afterSet2 }, 0)
}

const checkHalfLife = async ({ params, expectedValue }: Vector): Promise<void> => {
  const factors = (params['halfLives'] as readonly number[]).map(
    (halfLife) => new StreamingKMeans().setHalfLife(halfLife, 'batches').decayFactor,
  )
  checkClose(expectedValue, factors, TOLERANCE)
}

/** The checks, by operation. */
export const clusterChecks = {
  'streamingKMeans.trainOn': checkTrain,
  'streamingKMeans.predictOn': checkPredict,
  streamingKMeans: checkDefaults,
  'streamingKMeans.setHalfLife': checkHalfLife,
}
