import { leastSquares, logLikelihood } from './gradient-descent.ts'
import { labelOf, marginOf } from './linear-models.ts'
import { StreamingLinearAlgorithm } from './streaming-linear-algorithm.ts'

/**
 * Linear regression over a stream: each batch improves the weights by gradient descent, beginning
 * with those of the batch before. There is no intercept: add a feature that is always 1. Names and
 * results are those of Spark's MLlib 3.5. What `StreamingKMeans` says of models holds here too.
 *
 * @example
 * ```ts
 * const regression = new StreamingLinearRegressionWithSGD()
 *   .setStepSize(0.2)
 *   .setInitialWeights([0, 0])
 *   .named('prices')
 * regression.trainOn(flats)
 * regression.predictOnValues(flats.map(({ label, features }) => [label, features])).print()
 * ```
 */
export class StreamingLinearRegressionWithSGD extends StreamingLinearAlgorithm {
  constructor() {
    super({
      name: 'StreamingLinearRegressionWithSGD',
      operator: 'streamingLinearRegression',
      multiplier: leastSquares,
      shrinks: false,
      predict: marginOf,
      checkLabel(label) {
        if (!Number.isFinite(label)) throw new TypeError('the label must be a finite number')
      },
    })
  }
}

/**
 * Logistic regression over a stream, for labels 0 and 1: as
 * {@link StreamingLinearRegressionWithSGD}.
 *
 * @example
 * ```ts
 * const regression = new StreamingLogisticRegressionWithSGD().setInitialWeights([0, 0])
 * regression.trainOn(mails)
 * regression.predictOn(mails.map(({ features }) => features)).countByValue().print()
 * ```
 */
export class StreamingLogisticRegressionWithSGD extends StreamingLinearAlgorithm {
  constructor() {
    super({
      name: 'StreamingLogisticRegressionWithSGD',
      operator: 'streamingLogisticRegression',
      multiplier: logLikelihood,
      shrinks: true,
      predict: labelOf,
      checkLabel(label) {
        if (label !== 0 && label !== 1) throw new TypeError('the label must be 0 or 1')
      },
    })
  }
}
