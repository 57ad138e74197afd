import { checkNumber } from '../../base/number-ranges.ts'
import { checkAlike, type Sketch } from './sketch.ts'

/**
 * What `tDigest` keeps of numbers.
 *
 * @example
 * ```ts
 * const nothing: TDigestSketch = {
 *   compression: 100, means: [], weights: [], fresh: [], least: Infinity, greatest: -Infinity,
 * }
 * ```
 */
export interface TDigestSketch {
  readonly compression: number
  /** The means of groups of neighbouring numbers, in order. */
  means: number[]
  /** How many numbers each group has. */
  weights: number[]
  /** Numbers that are in no group yet. */
  fresh: number[]
  least: number
  greatest: number
}

/**
 * Finds quantiles, nearly. See {@link tDigest}.
 *
 * @example const times: Quantiles = tDigest()
 */
export interface Quantiles extends Sketch<number, TDigestSketch> {
  /** The number below which a part of all numbers is: 0.5 is the median. NaN: there are none. */
  readonly quantile: (sketch: TDigestSketch, part: number) => number
  /** Which part of all numbers is below a number, from 0 to 1. NaN: there are none. */
  readonly rank: (sketch: TDigestSketch, value: number) => number
  /** How many numbers there are. */
  readonly count: (sketch: TDigestSketch) => number
}

const COMPRESSION = {
  allowed: 'a whole number from 20 to 10000',
  test: (value: number): boolean => Number.isInteger(value) && value >= 20 && value <= 10_000,
}

/** So many numbers for each unit of compression are put into groups together. */
const FRESH = 5

type Groups = Pick<TDigestSketch, 'means' | 'weights'>

/**
 * Finds medians, percentiles and other quantiles of numbers in little memory, best at both ends: at
 * most about `compression` groups. The rank of what is given for the quantile q is wrong by about
 * pi * sqrt(q * (1 - q)) / compression of all numbers at most: 1.6 % for the median at 100, the
 * default, and 0.3 % at 0.99. The least and the greatest number are exact.
 *
 * Merging `a` with `b` gives the same as `b` with `a`, to the last bit. Three sketches in another
 * grouping give another, equally good one; the engine always merges in one order.
 *
 * Source: Dunning and Ertl, Computing extremely accurate quantiles using t-digests (2019): the
 * merging digest with the scale function k1.
 *
 * @param options `compression`, from 20 to 10,000, default 100.
 * @throws MillraceError `ARGUMENT_INVALID` when `compression` is not allowed.
 * @example
 * ```ts
 * const times = tDigest()
 * visits.combineByKey(times.of, times.add, times.merge)
 *   .mapValues((sketch) => times.quantile(sketch, 0.99))
 *   .print()
 * ```
 */
export const tDigest = ({
  compression = 100,
}: { readonly compression?: number } = {}): Quantiles => {
  checkNumber('compression', compression, COMPRESSION)
  const check = (sketch: TDigestSketch): void =>
    checkAlike('tDigest', sketch.compression, compression)
  const empty = (): TDigestSketch => ({
    compression,
    means: [],
    weights: [],
    fresh: [],
    least: Infinity,
    greatest: -Infinity,
  })
  const add = (sketch: TDigestSketch, value: number): TDigestSketch => {
    check(sketch)
    if (!Number.isFinite(value)) throw new TypeError('tDigest needs finite numbers')
    sketch.fresh.push(value)
    sketch.least = Math.min(sketch.least, value)
    sketch.greatest = Math.max(sketch.greatest, value)
    if (sketch.fresh.length < FRESH * compression) return sketch
    const { means, weights } = grouped([sketch], compression)
    return Object.assign(sketch, { means, weights, fresh: [] })
  }
  return {
    empty,
    of: (value) => add(empty(), value),
    add,
    merge(a, b) {
      check(a)
      check(b)
      const [least, greatest] = [Math.min(a.least, b.least), Math.max(a.greatest, b.greatest)]
      const fresh = [...a.fresh, ...b.fresh]
      if (a.means.length + b.means.length === 0 && fresh.length < FRESH * compression)
        return { ...empty(), fresh: fresh.sort((x, y) => x - y), least, greatest }
      return { ...empty(), ...grouped([a, b], compression), least, greatest }
    },
    count: countOf,
    quantile(sketch, part) {
      check(sketch)
      return quantileOf(sketch, part)
    },
    rank(sketch, value) {
      check(sketch)
      return rankOf(sketch, value)
    },
  }
}

const countOf = ({ weights, fresh }: TDigestSketch): number =>
  weights.reduce((sum, weight) => sum + weight, fresh.length)

/** All groups and fresh numbers of sketches, in the order of means, then of weights. */
const sortedOf = (sketches: readonly TDigestSketch[]): Groups => {
  const all = sketches.flatMap(({ means, weights, fresh }) => [
    ...means.map((mean, at): [number, number] => [mean, weights[at] as number]),
    ...fresh.map((value): [number, number] => [value, 1]),
  ])
  all.sort(([a, m], [b, n]) => a - b || m - n)
  return { means: all.map(([mean]) => mean), weights: all.map(([, weight]) => weight) }
}

/** Puts neighbours together as far as the scale function allows it: few at the ends. */
const grouped = (sketches: readonly TDigestSketch[], compression: number): Groups => {
  const { means, weights } = sortedOf(sketches)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const result: Groups = { means: [], weights: [] }
  let [mean, weight, before] = [0, 0, 0]
  let most = limitAfter(0, compression)
  const close = (): void => {
    result.means.push(mean)
    result.weights.push(weight)
  }
  for (const [at, one] of means.entries()) {
    const added = weights[at] as number
    if (weight > 0 && (before + weight + added) / total > most) {
      close()
      before += weight
      most = limitAfter(before / total, compression)
      weight = 0
    }
    weight += added
    mean = weight === added ? one : mean + ((one - mean) * added) / weight
  }
  if (weight > 0) close()
  return result
}

/** Up to which part a group may go that begins at a part: one step of the scale function. */
const limitAfter = (part: number, compression: number): number => {
  const step = Math.asin(2 * part - 1) + (2 * Math.PI) / compression
  return step >= Math.PI / 2 ? 1 : (Math.sin(step) + 1) / 2
}

type Point = readonly [rank: number, value: number]

/**
 * Where the numbers are, as a line through points: each group has half of its numbers before its
 * mean. It begins with the least number and ends with the greatest.
 */
const lineOf = (sketch: TDigestSketch): readonly Point[] => {
  const { means, weights } = sortedOf([sketch])
  let before = 0
  const inner = means.map((mean, at) => {
    const weight = weights[at] as number
    before += weight
    return [before - weight / 2, mean] as const
  })
  return [[0, sketch.least], ...inner, [before, sketch.greatest]]
}

const quantileOf = (sketch: TDigestSketch, part: number): number => {
  const total = countOf(sketch)
  if (total === 0) return NaN
  const rank = Math.min(Math.max(part, 0), 1) * total
  const line = lineOf(sketch)
  const end = Math.max(
    1,
    line.findIndex(([at]) => at >= rank),
  )
  const [[r, x], [s, y]] = [line[end - 1], line[end]] as [Point, Point]
  return s === r ? y : x + ((y - x) * (rank - r)) / (s - r)
}

const rankOf = (sketch: TDigestSketch, value: number): number => {
  const total = countOf(sketch)
  if (total === 0) return NaN
  if (value <= sketch.least) return 0
  if (value > sketch.greatest) return 1
  const line = lineOf(sketch)
  const end = line.findIndex(([, at]) => at >= value)
  const [[r, x], [s, y]] = [line[end - 1], line[end]] as [Point, Point]
  return (r + ((s - r) * (value - x)) / (y - x)) / total
}
