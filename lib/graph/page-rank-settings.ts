import { checkNumber, FRACTION, WHOLE_FROM_ZERO, ZERO_OR_MORE } from '../base/number-ranges.ts'
import { type PageRankInput, pageRankUntil, staticPageRank } from './page-rank.ts'

/**
 * Settings of PageRank.
 *
 * @example const options: PageRankOptions = { resetProb: 0.2 }
 */
export interface PageRankOptions {
  /**
   * How likely it is that who follows the edges stops, and begins anew somewhere: above 0, up to 1.
   * Default 0.15.
   */
  readonly resetProb?: number
}

const DEFAULT_RESET = 0.15

/** The reset probability of the options. */
export const resetOf = ({ resetProb = DEFAULT_RESET }: PageRankOptions): number =>
  checkNumber('resetProb', resetProb, FRACTION)

/** What makes the ranks, once the input is known. */
export type Rank = (input: PageRankInput) => Promise<Float64Array>

/** Ranks by {@link pageRankUntil}. */
export const until = (tol: number): Rank => {
  checkNumber('tol', tol, ZERO_OR_MORE)
  return (input) => pageRankUntil(input, tol)
}

/** Ranks by {@link staticPageRank}. */
export const inRounds = (numIter: number): Rank => {
  checkNumber('numIter', numIter, WHOLE_FROM_ZERO)
  return (input) => staticPageRank(input, numIter)
}
