import type { DStream } from '../../dstream/dstream.ts'
import { MillraceError } from '../../base/errors.ts'
import {
  ABOVE_ZERO,
  checkNumber,
  FRACTION,
  WHOLE_FROM_ONE,
  ZERO_OR_MORE,
} from '../../base/number-ranges.ts'
import { checkRecord, checkVector, type Vector } from '../checks.ts'
import { type Learner, ModelStreams, type PredictOptions } from '../learner.ts'
import { descend, type Descent, type LabeledPoint } from './gradient-descent.ts'
import type { LinearModel } from './linear-models.ts'

/** What the two regressions do not share. */
export interface Kind extends Pick<Descent, 'multiplier' | 'shrinks'> {
  /** The name of the class. */
  readonly name: string
  /** What the operator is called. */
  readonly operator: string
  readonly predict: (model: LinearModel, features: Vector) => number
  /** Throws for what is no label. */
  readonly checkLabel: (label: unknown) => void
}

/**
 * What `StreamingLinearRegressionWithSGD` and `StreamingLogisticRegressionWithSGD` have in common:
 * see there.
 *
 * @example regression.trainOn(flats)
 */
export abstract class StreamingLinearAlgorithm {
  readonly #kind: Kind
  readonly #streams: ModelStreams<LinearModel, LabeledPoint>
  #settings = {
    stepSize: 0.1,
    numIterations: 50,
    miniBatchFraction: 1,
    regParam: 0,
    convergenceTol: 0.001,
  }
  #initial: Vector | undefined

  /** @internal */
  protected constructor(kind: Kind) {
    this.#kind = kind
    this.#streams = new ModelStreams(kind.name)
  }

  /**
   * The size of the first step of each batch. The nth step is this divided by the root of n.
   * Default 0.1.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not above 0.
   * @example regression.setStepSize(0.5)
   */
  setStepSize(stepSize: number): this {
    return this.#set({ stepSize: checkNumber('stepSize', stepSize, ABOVE_ZERO) })
  }

  /**
   * How many steps each batch makes at most. Default 50.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 1.
   * @example regression.setNumIterations(20)
   */
  setNumIterations(numIterations: number): this {
    return this.#set({ numIterations: checkNumber('numIterations', numIterations, WHOLE_FROM_ONE) })
  }

  /**
   * Which part of the batch each step draws. What is drawn is what Spark draws from a batch of one
   * partition, and the same each time. Default 1: all.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not above 0, up to 1.
   * @example regression.setMiniBatchFraction(0.5)
   */
  setMiniBatchFraction(fraction: number): this {
    return this.#set({ miniBatchFraction: checkNumber('fraction', fraction, FRACTION) })
  }

  /**
   * How much large weights cost. Linear regression takes no notice of it, as in Spark. Default 0.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is negative.
   * @example regression.setRegParam(0.01)
   */
  setRegParam(regParam: number): this {
    return this.#set({ regParam: checkNumber('regParam', regParam, ZERO_OR_MORE) })
  }

  /**
   * The steps of a batch end when one has changed the weights by less than this, relative to their
   * length if that is above 1. Default 0.001. Spark has this setting for linear regression only.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is negative.
   * @example regression.setConvergenceTol(0)
   */
  setConvergenceTol(tolerance: number): this {
    return this.#set({ convergenceTol: checkNumber('tolerance', tolerance, ZERO_OR_MORE) })
  }

  /**
   * The weights before the first batch, one for each feature. Needed. They count only for a model
   * that is not stored yet.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no vector of finite numbers.
   * @example regression.setInitialWeights([0, 0])
   */
  setInitialWeights(weights: Vector): this {
    this.#set({})
    this.#initial = checkVector('setInitialWeights()', weights)
    return this
  }

  /**
   * The id under which the model is stored, as with `DStream.named`. Default: the name of the
   * algorithm and its number in the pipeline.
   *
   * @example regression.named('prices')
   */
  named(id: string): this {
    this.#streams.named(id)
    return this
  }

  /**
   * Learns from every batch of a stream. A record whose label is no label, or whose features are
   * not as many finite numbers as there are weights, is put aside as a dead letter.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there are no initial weights, when it is called
   * twice, or after a prediction.
   * @example regression.trainOn(flats)
   */
  trainOn(stream: DStream<LabeledPoint>): void {
    const { operator, checkLabel, predict: _, name: __, ...kind } = this.#kind
    const initial = this.#begin('trainOn()')
    const descent: Descent = { ...this.#settings, ...kind }
    const size = initial.weights.length
    const learner: Learner<LinearModel, LabeledPoint> = {
      kind: operator,
      layout: `${size} weights`,
      initial,
      check(point) {
        checkRecord((point as LabeledPoint | null | undefined)?.features, size)
        checkLabel(point.label)
      },
      rest: (model) => model,
      async learn({ weights, intercept }, points, pause) {
        return { weights: await descend(weights, points, descent, pause), intercept }
      },
    }
    this.#streams.train(stream, learner)
  }

  /**
   * A prediction for each vector of features. The model has learned from the batch that it
   * predicts, unless `{ model: 'before' }` is given.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when there are no initial weights.
   * @example regression.predictOn(flats.map(({ features }) => features)).print()
   */
  predictOn(stream: DStream<Vector>, options?: PredictOptions): DStream<number> {
    const initial = this.#begin('predictOn()')
    return this.#streams.predict(
      'predictOn',
      stream,
      {
        initial,
        apply: (rdd, model) => rdd.map((features) => this.#predict(model, features)),
      },
      options,
    )
  }

  /**
   * The same for the values of pairs: their keys stay.
   *
   * @example
   * ```ts
   * regression.predictOnValues(flats.map(({ label, features }) => [label, features])).print()
   * ```
   */
  predictOnValues<K>(
    stream: DStream<readonly [K, Vector]>,
    options?: PredictOptions,
  ): DStream<[K, number]> {
    const initial = this.#begin('predictOnValues()')
    return this.#streams.predict(
      'predictOnValues',
      stream,
      {
        initial,
        apply: (rdd, model) =>
          rdd.map(([key, features]): [K, number] => [key, this.#predict(model, features)]),
      },
      options,
    )
  }

  /**
   * The model after each batch: a stream of one element.
   *
   * @throws MillraceError `ARGUMENT_INVALID` before `trainOn`.
   * @example
   * ```ts
   * regression.trainOn(flats)
   * regression.latestModel().map(({ weights }) => weights).print()
   * ```
   */
  latestModel(): DStream<LinearModel> {
    return this.#streams.models
  }

  #set(settings: Partial<Omit<Descent, 'multiplier' | 'shrinks'>>): this {
    this.#streams.checkOpen('a setter')
    this.#settings = { ...this.#settings, ...settings }
    return this
  }

  #predict(model: LinearModel, features: Vector): number {
    checkRecord(features, model.weights.length)
    return this.#kind.predict(model, features)
  }

  #begin(operation: string): LinearModel {
    if (this.#initial !== undefined) return { weights: this.#initial, intercept: 0 }
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: `${this.#kind.name}: ${operation} needs weights to begin with`,
      fix: 'call setInitialWeights(), for example with a 0 for each feature',
    })
  }
}
