import type { Duration } from '../base/duration.ts'
import { checkChoice } from '../dstream/checks.ts'
import type { DStream } from '../dstream/dstream.ts'
import type { State } from '../dstream/key-state.ts'
import { StateSpec, type StateSpecSettings } from '../dstream/state-spec.ts'
import { ABOVE_ZERO, checkNumber, WHOLE_FROM_ONE } from '../base/number-ranges.ts'
import { checkStream } from './checks.ts'

/**
 * A value, and how unusual it is for its key.
 *
 * @example const isOdd = ({ score }: AnomalyScore): boolean => Math.abs(score) > 3.5
 */
export interface AnomalyScore {
  readonly value: number
  /** What is usual for the key: the median, or the mean. */
  readonly expected: number
  /**
   * The distance between both, in standard deviations. It has the sign of the difference. Infinity:
   * all values before were equal, and this one is not.
   */
  readonly score: number
}

/**
 * Settings of `anomalyScores`.
 *
 * @example const options: AnomalyOptions = { method: 'mean', halfLife: 50 }
 */
export interface AnomalyOptions extends Pick<StateSpecSettings<never, never>, 'partitions'> {
  /**
   * `median`: compares with the median of the last values, in units of their median distance from
   * it. A few wild values do not move it. `mean`: compares with a mean that forgets, which takes
   * three numbers for each key. Default: `median`.
   */
  readonly method?: 'median' | 'mean'
  /** For `median`: how many values of each key are kept. Default 100. */
  readonly window?: number
  /** For `mean`: after how many values one counts half. Default 20. */
  readonly halfLife?: number
  /** So many values of a key give no score. Default 10. */
  readonly warmUp?: number
  /** Forgets keys without values for so long. Default: never. */
  readonly timeout?: Duration
}

/** What is usual for a key. */
interface Usual {
  readonly expected: number
  /** The standard deviation, estimated. */
  readonly spread: number
}

/** The state of a key. */
interface Seen {
  /** How many values, up to the end of the warm-up at least. */
  count: number
  /** For `median`: the last values, the oldest first. */
  last?: number[]
  /** For `mean`. */
  mean?: number
  variance?: number
}

/** Makes the median distance from the median a standard deviation, for normal distributions. */
const OF_MEDIAN = 1.4826

/** The same for the mean distance. */
const OF_MEAN = 1.2533

const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] as number
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] as number) + high) / 2
}

/** Where more than half of the values are equal, the mean distance takes the place of theirs. */
const usualByMedian = ({ last = [] }: Seen): Usual => {
  const expected = medianOf(last)
  const distances = last.map((value) => Math.abs(value - expected))
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / last.length
  const median = medianOf(distances)
  return { expected, spread: median > 0 ? median * OF_MEDIAN : mean * OF_MEAN }
}

const usualByMean = ({ mean = 0, variance = 0 }: Seen): Usual => ({
  expected: mean,
  spread: Math.sqrt(variance),
})

const scoreOf = (value: number, { expected, spread }: Usual): AnomalyScore => {
  const distance = value - expected
  return { value, expected, score: distance === 0 ? 0 : distance / spread }
}

/**
 * Scores each value of a key by what was usual for the key before it. The values of each key are
 * taken in their order, exactly once; what is usual is a state of `mapWithState`. A record whose
 * value is not a finite number is put aside.
 *
 * Source of the score by the median: Iglewicz and Hoaglin, How to detect and handle outliers
 * (1993), without their factor 0.6745, which is in the spread here. They call values with a score
 * above 3.5 outliers.
 *
 * @throws MillraceError `ARGUMENT_INVALID` when a setting is not allowed.
 * @example
 * ```ts
 * anomalyScores(visits, { window: 50, timeout: hours(24) })
 *   .filter(([, { score }]) => Math.abs(score) > 3.5)
 *   .print()
 * ```
 */
export const anomalyScores = <K>(
  stream: DStream<readonly [K, number]>,
  options: AnomalyOptions = {},
): DStream<[K, AnomalyScore]> => {
  const { method = 'median', window = 100, halfLife = 20, warmUp = 10, ...settings } = options
  checkChoice('anomalyScores', 'method', method, ['median', 'mean'])
  checkNumber('window', window, WHOLE_FROM_ONE)
  checkNumber('warmUp', warmUp, WHOLE_FROM_ONE)
  const fresh = 1 - 0.5 ** (1 / checkNumber('halfLife', halfLife, ABOVE_ZERO))
  const usual = method === 'median' ? usualByMedian : usualByMean
  const see = (seen: Seen, value: number): void => {
    seen.count = Math.min(seen.count + 1, warmUp)
    if (method === 'median') {
      seen.last = [...(seen.last ?? []), value].slice(-window)
      return
    }
    const { mean = value, variance = 0 } = seen
    const distance = value - mean
    seen.mean = mean + fresh * distance
    seen.variance = (1 - fresh) * (variance + fresh * distance * distance)
  }
  const score = (
    key: K,
    value: number | undefined,
    state: State<Seen>,
  ): [K, AnomalyScore] | undefined => {
    if (value === undefined) return undefined
    const seen = state.getOption() ?? { count: 0 }
    const scored: [K, AnomalyScore] | undefined =
      seen.count < warmUp ? undefined : [key, scoreOf(value, usual(seen))]
    see(seen, value)
    state.update(seen)
    return scored
  }
  return checkStream('anomalyScores', stream)
    .map(([key, value]): [K, number] => {
      if (!Number.isFinite(value)) throw new TypeError('anomalyScores needs finite numbers')
      return [key, value]
    })
    .mapWithState(StateSpec.function(score, settings))
}
