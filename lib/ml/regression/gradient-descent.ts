/**
 * Gradient descent over the examples of one batch.
 *
 * Source: GradientDescent.runMiniBatchSGD of Spark 3.5, with its gradients and updaters, in its
 * order of operations. A mini-batch is what Spark draws from an RDD of one partition.
 */
import { type Pause, visitAll } from '../../base/pauses.ts'
import { checkConverges, type Vector } from '../checks.ts'
import { addScaled, dot, norm, scale } from '../linear.ts'
import { sampler } from '../random/sample.ts'

/**
 * An example with what it is an example of.
 *
 * @example const flat: LabeledPoint = { label: 270_000, features: [72, 3] }
 */
export interface LabeledPoint {
  readonly label: number
  readonly features: Vector
}

/** How far gradient descent goes, and what it minimises. */
export interface Descent {
  readonly stepSize: number
  readonly numIterations: number
  readonly miniBatchFraction: number
  readonly regParam: number
  readonly convergenceTol: number
  /** What an example adds to the gradient is this factor times its features. */
  readonly multiplier: (example: LabeledPoint, weights: Vector) => number
  /** Whether large weights cost something: then each step shrinks them by `regParam`. */
  readonly shrinks: boolean
}

/** Spark's seeds of the mini-batches are this plus the number of the iteration. */
const FIRST_SEED = 42

/** The weights after a batch. They begin with those of the batch before. */
export const descend = async (
  initial: Vector,
  examples: readonly LabeledPoint[],
  { stepSize, numIterations, convergenceTol, regParam, shrinks, ...descent }: Descent,
  pause?: Pause,
): Promise<Vector> => {
  let weights = initial
  let previous: Vector | undefined
  for (let iteration = 1; iteration <= numIterations; iteration++) {
    const gradient = await gradientOf(weights, examples, { ...descent, iteration, pause })
    if (gradient === undefined) continue
    const step = stepSize / Math.sqrt(iteration)
    const next = [...weights]
    if (shrinks) scale(next, 1 - step * regParam)
    addScaled(next, -step, gradient)
    weights = next
    if (previous !== undefined && isConverged(previous, next, convergenceTol)) break
    previous = next
  }
  checkConverges(weights, 'set a smaller step size, or scale the features to about 1')
  return weights
}

interface Iteration extends Pick<Descent, 'multiplier' | 'miniBatchFraction'> {
  readonly iteration: number
  readonly pause: Pause | undefined
}

/** The mean gradient of a mini-batch. Undefined: the mini-batch is empty. */
const gradientOf = async (
  weights: Vector,
  examples: readonly LabeledPoint[],
  { multiplier, miniBatchFraction, iteration, pause }: Iteration,
): Promise<readonly number[] | undefined> => {
  const sum = weights.map(() => 0)
  const isDrawn = sampler(miniBatchFraction, FIRST_SEED + iteration)
  let count = 0
  await visitAll(examples, pause, (example) => {
    if (!isDrawn()) return
    count += 1
    addScaled(sum, multiplier(example, weights), example.features)
  })
  return count === 0 ? undefined : sum.map((value) => value / count)
}

const isConverged = (previous: Vector, current: Vector, tolerance: number): boolean => {
  const difference = [...previous]
  addScaled(difference, -1, current)
  return norm(difference) < tolerance * Math.max(norm(current), 1)
}

/** Of half the squared error. */
export const leastSquares: Descent['multiplier'] = ({ label, features }, weights) =>
  dot(features, weights) - label

/** Of the log-likelihood of labels 0 and 1. */
export const logLikelihood: Descent['multiplier'] = ({ label, features }, weights) =>
  1 / (1 + Math.exp(-dot(features, weights))) - label
