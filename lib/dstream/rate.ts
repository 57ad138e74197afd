/** The option `rate` of a pipeline: Spark's limits of rates, and its back-pressure. */
import { MillraceError } from '../base/errors.ts'

/**
 * Spark's rate control, in records a second. Its source:
 * `spark.streaming.receiver.maxRate`, `spark.streaming.kafka.maxRatePerPartition` and
 * `spark.streaming.backpressure.*` of Spark 3.5.
 *
 * @example
 * ```ts
 * const rate: RateOptions = { max: 5_000, backpressure: { initialRate: 500 } }
 * ```
 */
export interface RateOptions {
  /** The most of each source. More than 0. Default: no limit. */
  readonly max?: number
  /**
   * The most of each lane: a shard, a partition of a topic, a connection. More than 0. Default: no
   * limit. A batch takes whole blocks, and at least one of a lane, so small limits are exceeded
   * where records arrive many at a time.
   */
  readonly maxPerLane?: number
  /**
   * Whether the rate of a source follows the speed of batches, by Spark's PID estimator. The lanes
   * share it in proportion to what waits in them. `true`: with Spark's settings. Default `false`.
   */
  readonly backpressure?: boolean | BackpressureOptions
}

/**
 * The settings of the PID estimator, each of them 0 or more. From the second batch with records on,
 * the rate is the last rate, less the weighed errors:
 *
 *     error      = last rate - records / processing time
 *     historical = scheduling delay * records / processing time / batch interval
 *     derivative = (error - last error) / time between the ends of both batches
 *     rate = max(minRate,
 *       last rate - proportional * error - integral * historical - derivative * derivative)
 *
 * @example const careful: BackpressureOptions = { proportional: 0.5, minRate: 10 }
 */
export interface BackpressureOptions {
  /** The weight of the error. Default 1. */
  readonly proportional?: number
  /** The weight of what batches are late. Default 0.2. */
  readonly integral?: number
  /** The weight of the change of the error. Default 0. */
  readonly derivative?: number
  /** The least rate. More than 0. Default 100. */
  readonly minRate?: number
  /** The rate before the first estimate. More than 0. Default: `max`. */
  readonly initialRate?: number
}

/** The records that the least possible rate leaves to a batch, within its limit. */
export const leastRecords = (
  { max, maxPerLane, backpressure }: RateLimits,
  intervalMs: number,
  records: number,
): number => {
  const { minRate = Infinity, initialRate = Infinity } = backpressure ?? {}
  const rate = Math.min(max, maxPerLane, minRate, initialRate)
  return Math.min(records, (rate * intervalMs) / 1_000)
}

/** Spark's settings. */
const DEFAULTS = { proportional: 1, integral: 0.2, derivative: 0, minRate: 100 }

/** Spark's rate control, in records a second. Sources without lanes, such as files, have none. */
export interface RateLimits {
  /** Of a source. Infinity: no limit. */
  readonly max: number
  /** Of a lane. Infinity: no limit. */
  readonly maxPerLane: number
  /** Undefined: rates do not follow the speed of batches. */
  readonly backpressure: Backpressure | undefined
}

/** The settings of the estimator of rates. */
export interface Backpressure {
  readonly proportional: number
  readonly integral: number
  readonly derivative: number
  /** The least rate of an estimate, in records a second. */
  readonly minRate: number
  /** The rate before the first estimate. Infinity: no limit. */
  readonly initialRate: number
}

/** The checked option. */
export const rateOf = ({ max, maxPerLane, backpressure = false }: RateOptions): RateLimits => {
  const checkedMax = limitOf('rate.max', max)
  return Object.freeze({
    max: checkedMax,
    maxPerLane: limitOf('rate.maxPerLane', maxPerLane),
    backpressure: backpressureOf(backpressure, checkedMax),
  })
}

const backpressureOf = (
  given: boolean | BackpressureOptions,
  max: number,
): Backpressure | undefined => {
  if (given === false) return undefined
  if (given !== true && (typeof given !== 'object' || given === null))
    throw new MillraceError('ARGUMENT_INVALID', {
      problem: 'rate.backpressure has an unknown value',
      value: given,
      allowed: 'true, false, or the settings of the estimator',
    })
  const options = given === true ? {} : given
  const weight = (name: 'proportional' | 'integral' | 'derivative'): number =>
    weightOf(`rate.backpressure.${name}`, options[name] ?? DEFAULTS[name])
  return Object.freeze({
    proportional: weight('proportional'),
    integral: weight('integral'),
    derivative: weight('derivative'),
    minRate: limitOf('rate.backpressure.minRate', options.minRate ?? DEFAULTS.minRate),
    initialRate: limitOf('rate.backpressure.initialRate', options.initialRate ?? max),
  })
}

const weightOf = (name: string, value: number): number => {
  if (Number.isFinite(value) && value >= 0) return value
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${name} is not a weight`,
    value,
    allowed: 'a number from 0',
  })
}

const limitOf = (name: string, value: number = Infinity): number => {
  if (typeof value === 'number' && value > 0) return value
  throw new MillraceError('ARGUMENT_INVALID', {
    problem: `${name} is not a rate`,
    value,
    allowed: 'a number of records a second, more than 0',
  })
}
