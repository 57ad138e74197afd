/** Tests whether two groups have the same mean. */
import { twoSidedP } from './student-distribution.ts'

/** What is known of the values of a group. It is plain data, and is stored. */
export interface Summary {
  readonly count: number
  readonly mean: number
  /** The sum of the squared distances to the mean. */
  readonly squares: number
}

/** The result of a test, but for its words. */
export interface TResult {
  readonly pValue: number
  readonly degreesOfFreedom: number
  readonly statistic: number
}

export const summaryOf = (value: number): Summary => ({ count: 1, mean: value, squares: 0 })

/** Of all values of both. Source: StatCounter.merge of Spark 3.5. */
export const mergeSummaries = (a: Summary, b: Summary): Summary => {
  const count = a.count + b.count
  const delta = b.mean - a.mean
  const squares = a.squares + b.squares + (delta * delta * a.count * b.count) / count
  if (b.count * 10 < a.count) return { count, mean: a.mean + (delta * b.count) / count, squares }
  if (a.count * 10 < b.count) return { count, mean: b.mean - (delta * a.count) / count, squares }
  return { count, mean: (a.mean * a.count + b.mean * b.count) / count, squares }
}

/** Spark takes the variance of the values, not the estimate for what they are drawn from. */
const varianceOf = ({ count, squares }: Summary): number => squares / count

/** Welch's test: groups may have different variances. */
export const welch = (a: Summary, b: Summary): TResult => {
  const [va, vb] = [varianceOf(a), varianceOf(b)]
  const [pa, pb] = [va / a.count, vb / b.count]
  const statistic = (a.mean - b.mean) / Math.sqrt(pa + pb)
  const degrees = (pa + pb) ** 2 / (pa ** 2 / (a.count - 1) + pb ** 2 / (b.count - 1))
  // What Spark reports is made of squared variances; its p value is not.
  const [qa, qb] = [va ** 2 / a.count, vb ** 2 / b.count]
  const degreesOfFreedom = (qa + qb) ** 2 / (qa ** 2 / (a.count - 1) + qb ** 2 / (b.count - 1))
  return { pValue: twoSidedP(statistic, degrees), degreesOfFreedom, statistic }
}

/** Student's test: groups have the same variance. */
export const student = (a: Summary, b: Summary): TResult => {
  const degreesOfFreedom = a.count + b.count - 2
  const pooled = ((a.count - 1) * varianceOf(a) + (b.count - 1) * varianceOf(b)) / degreesOfFreedom
  const statistic = (a.mean - b.mean) / Math.sqrt(pooled * (1 / a.count + 1 / b.count))
  return { pValue: twoSidedP(statistic, degreesOfFreedom), degreesOfFreedom, statistic }
}
