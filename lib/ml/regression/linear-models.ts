import type { Vector } from '../checks.ts'
import { dot } from '../linear.ts'

/**
 * A linear model as plain data, as it is stored and as it becomes JSON.
 *
 * @example const model: LinearModel = { weights: [2, -3], intercept: 0 }
 */
export interface LinearModel {
  readonly weights: Vector
  /** Models that learn from streams have none, as in Spark: it is 0. */
  readonly intercept: number
}

/** The weighted sum of features. */
export const marginOf = ({ weights, intercept }: LinearModel, features: Vector): number =>
  dot(weights, features) + intercept

/** How likely the label 1 is. */
export const probabilityOf = (model: LinearModel, features: Vector): number =>
  1 / (1 + Math.exp(-marginOf(model, features)))

/** From which probability on the label is 1: above it, as in Spark. */
const THRESHOLD = 0.5

/** The label, 0 or 1. */
export const labelOf = (model: LinearModel, features: Vector): number =>
  probabilityOf(model, features) > THRESHOLD ? 1 : 0

/** A model to work with. */
class WorkingModel implements LinearModel {
  readonly weights: Vector
  readonly intercept: number

  constructor({ weights, intercept }: LinearModel) {
    this.weights = weights
    this.intercept = intercept
  }
}

/**
 * A model of linear regression to work with: of the element of `latestModel()`, of what `openState`
 * gives, or of JSON.
 *
 * @example new LinearRegressionModel({ weights: [2, -3], intercept: 0 }).predict([1, 1]) // -1
 */
export class LinearRegressionModel extends WorkingModel {
  /**
   * The value for features.
   *
   * @example new LinearRegressionModel({ weights: [2, -3], intercept: 1 }).predict([1, 1]) // 0
   */
  predict(features: Vector): number {
    return marginOf(this, features)
  }
}

/**
 * A model of logistic regression to work with, as {@link LinearRegressionModel}.
 *
 * @example new LogisticRegressionModel({ weights: [2, -3], intercept: 0 }).predict([1, 1]) // 0
 */
export class LogisticRegressionModel extends WorkingModel {
  /**
   * The label for features: 1 if it is more likely than 0.
   *
   * @example new LogisticRegressionModel({ weights: [3], intercept: 0 }).predict([1]) // 1
   */
  predict(features: Vector): number {
    return labelOf(this, features)
  }

  /**
   * How likely the label 1 is, from 0 to 1.
   *
   * @example new LogisticRegressionModel({ weights: [3], intercept: 0 }).probability([0]) // 0.5
   */
  probability(features: Vector): number {
    return probabilityOf(this, features)
  }
}
