/**
 * Student's distribution.
 *
 * Sources: the incomplete beta function by its continued fraction (NIST, Digital Library of
 * Mathematical Functions, 8.17.22), evaluated by Lentz's method; the ratio of two gamma functions
 * by its asymptotic series (5.11.13).
 */

/** How likely it is that the absolute value of a statistic is this or more. */
export const twoSidedP = (statistic: number, degrees: number): number => {
  const square = statistic * statistic
  if (square === Infinity) return 0
  const x = degrees / (degrees + square)
  return incompleteBeta({ x, rest: square / (degrees + square), a: degrees / 2, b: 0.5 })
}

interface Beta {
  /** From 0 to 1. */
  readonly x: number
  /** 1 - x, without the error of the subtraction. */
  readonly rest: number
  readonly a: number
  readonly b: number
}

/** The regularised incomplete beta function, where a or b is one half. */
const incompleteBeta = ({ x, rest, a, b }: Beta): number => {
  if (Number.isNaN(x)) return NaN
  if (x === 0 || rest === 0) return x
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta({ x: rest, rest: x, a: b, b: a })
  const logarithm = a * Math.log(x) + b * Math.log(rest) - logBetaOfHalf(Math.max(a, b))
  // One of them is one half: of two halves, the larger is the other one.
  return Math.exp(logarithm) / (a * fraction(x, a, b))
}

/** The logarithm of B(a, 1/2). */
const logBetaOfHalf = (a: number): number => Math.log(Math.PI) / 2 - logRatioOfHalf(a)

const SERIES_FROM = 20

/** The logarithm of gamma(a + 1/2) / gamma(a). */
const logRatioOfHalf = (a: number): number => {
  let below = 0
  let large = a
  for (; large < SERIES_FROM; large++) below += Math.log((large + 0.5) / large)
  const inverse = 1 / (large * large)
  const series =
    (-1 / 8 + inverse * (1 / 192 + inverse * (-1 / 640 + inverse * (17 / 14_336)))) / large
  return Math.log(large) / 2 + series - below
}

const TINY = 1e-300
const PRECISION = 1e-16

/** Its length grows with the root of a and b, so this is enough for 10^9 degrees of freedom. */
const TERMS_MAX = 100_000

const notZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value)

/** The denominator of the continued fraction. */
const fraction = (x: number, a: number, b: number): number => {
  let value = 1
  let numerator = 1
  let denominator = 0
  for (let term = 1; term <= TERMS_MAX; term++) {
    const m = Math.floor(term / 2)
    const factor =
      term % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    denominator = 1 / notZero(1 + factor * denominator)
    numerator = notZero(1 + factor / numerator)
    const change = numerator * denominator
    value *= change
    if (Math.abs(change - 1) < PRECISION) break
  }
  return value
}
