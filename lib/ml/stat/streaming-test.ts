import { milliseconds } from '../../base/duration.ts'
import { checkChoice } from '../../dstream/checks.ts'
import type { DStream } from '../../dstream/dstream.ts'
import { operatorNode } from '../../dstream/plan-node.ts'
import type { RDD } from '../../rdd/rdd.ts'
import { checkNumber, WHOLE_FROM_ZERO } from '../../base/number-ranges.ts'
import { checkStream } from '../checks.ts'
import { mergeSummaries, student, type Summary, summaryOf, type TResult, welch } from './t-test.ts'

/**
 * A value, and the group it belongs to.
 *
 * @example const sample: BinarySample = { isExperiment: true, value: 3.5 }
 */
export interface BinarySample {
  readonly isExperiment: boolean
  readonly value: number
}

/**
 * Which test it is: `welch` allows groups of different variance, `student` does not.
 *
 * @example const method: TestMethod = 'welch'
 */
export type TestMethod = 'welch' | 'student'

/**
 * The result of a test. A small p value speaks against the null hypothesis.
 *
 * @example
 * ```ts
 * const isDifferent = ({ pValue }: StreamingTestResult): boolean => pValue < 0.01
 * ```
 */
export interface StreamingTestResult extends TResult {
  readonly method: string
  readonly nullHypothesis: string
}

const METHODS = {
  welch: { test: welch, method: "Welch's 2-sample t-test" },
  student: { test: student, method: "Student's 2-sample t-test" },
}

/**
 * Tests, in every batch, whether two groups have the same mean: an A/B test over a stream. Names
 * and results are those of Spark's MLlib 3.5.
 *
 * @example
 * ```ts
 * const samples = visits.map(([page, value]) => ({ isExperiment: page === 'new', value }))
 * new StreamingTest().setPeacePeriod(3).setWindowSize(10).registerStream(samples).print()
 * ```
 */
export class StreamingTest {
  #peacePeriod = 0
  #windowSize = 0
  #method: TestMethod = 'welch'
  #id: string | undefined

  /**
   * How many of the first batches are left out, because people behave differently while something
   * is new. Default 0.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 0.
   * @example new StreamingTest().setPeacePeriod(3)
   */
  setPeacePeriod(batches: number): this {
    this.#peacePeriod = checkNumber('peacePeriod', batches, WHOLE_FROM_ZERO)
    return this
  }

  /**
   * How many batches a test looks at: the newest. Default 0: all batches so far.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is not a whole number from 0.
   * @example new StreamingTest().setWindowSize(10)
   */
  setWindowSize(batches: number): this {
    this.#windowSize = checkNumber('windowSize', batches, WHOLE_FROM_ZERO)
    return this
  }

  /**
   * Which test it is. Default `welch`.
   *
   * @throws MillraceError `ARGUMENT_INVALID` when it is no name of a test.
   * @example new StreamingTest().setTestMethod('student')
   */
  setTestMethod(method: TestMethod): this {
    checkChoice('setTestMethod', 'method', method, ['welch', 'student'])
    this.#method = method
    return this
  }

  /**
   * The id under which the summaries of the groups are stored, as with `DStream.named`.
   *
   * @example new StreamingTest().named('checkout')
   */
  named(id: string): this {
    this.#id = id
    return this
  }

  /**
   * The results: one for each batch, once each group has had two values. While only one group has
   * values, it is compared with itself, and the p value is 1. A record that is no sample is put
   * aside as a dead letter.
   *
   * @example new StreamingTest().registerStream(samples).print()
   */
  registerStream(stream: DStream<BinarySample>): DStream<StreamingTestResult> {
    const { test, method } = METHODS[this.#method]
    const samples = this.#afterPeace(checkStream('registerStream', stream))
    return this.#summaries(samples.map(pairOf))
      .mapToPair(([, summary]) => [0, summary])
      .groupByKey()
      .filter(([, summaries]) => summaries.every(({ count }) => count > 1))
      .map(([, summaries]) => ({
        ...test(summaries[0] as Summary, summaries.at(-1) as Summary),
        method,
        nullHypothesis: 'Both groups have same mean',
      }))
  }

  #summaries(pairs: DStream<[boolean, Summary]>): DStream<[boolean, Summary]> {
    const merged = (summaries: readonly Summary[], before?: Summary): Summary | undefined =>
      summaries.reduce<Summary | undefined>(
        (all, one) => (all === undefined ? one : mergeSummaries(all, one)),
        before,
      )
    const summaries =
      this.#windowSize === 0
        ? pairs.updateStateByKey<Summary>(merged)
        : pairs.reduceByKeyAndWindow(
            mergeSummaries,
            milliseconds(pairs.slideDuration.milliseconds * this.#windowSize),
          )
    return this.#id === undefined ? summaries : summaries.named(this.#id)
  }

  /** Spark compares with the time since 1970, so the period has no effect there. */
  #afterPeace(stream: DStream<BinarySample>): DStream<BinarySample> {
    if (this.#peacePeriod === 0) return stream
    const peaceMs = stream.slideDuration.milliseconds * this.#peacePeriod
    return stream.to(
      operatorNode(
        'peacePeriod',
        [stream.node],
        ([input], { timer, timeMs }) => {
          if (timer.firedMs === undefined) timer.fire()
          const isPeace = timer.firedMs === undefined || timeMs - timer.firedMs < peaceMs
          return isPeace ? (input as RDD<BinarySample> | undefined)?.filter(() => false) : input
        },
        { stateful: { partitions: 1 }, parameters: { peaceMs } },
      ),
    )
  }
}

const pairOf = ({ isExperiment, value }: BinarySample): [boolean, Summary] => {
  if (typeof isExperiment !== 'boolean' || !Number.isFinite(value))
    throw new TypeError('the test needs { isExperiment: true or false, value: a finite number }')
  return [isExperiment, summaryOf(value)]
}
