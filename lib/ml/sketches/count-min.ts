import { checkNumber } from '../../base/number-ranges.ts'
import { hashesOf } from './hash.ts'
import { checkAlike, type Sketch } from './sketch.ts'

/**
 * What `countMin` keeps of values.
 *
 * @example const nothing: CountMinSketch = { width: 2, depth: 1, total: 0, counts: [0, 0] }
 */
export interface CountMinSketch {
  readonly width: number
  readonly depth: number
  /** How many values were added. */
  total: number
  /** `depth` rows of `width` counts. */
  readonly counts: number[]
}

/**
 * Counts how often values occur, nearly. See {@link countMin}.
 *
 * @example const often: Frequencies = countMin()
 */
export interface Frequencies extends Sketch<unknown, CountMinSketch> {
  /** How often a value occurs, at most. */
  readonly estimate: (sketch: CountMinSketch, value: unknown) => number
}

const BETWEEN = {
  allowed: 'a number above 0 and below 1',
  test: (value: number): boolean => value > 0 && value < 1,
}

/**
 * Counts how often each value occurs, in memory that does not grow with the number of distinct
 * values. An estimate is never too low. It is too high by more than `error` times the number of all
 * values in at most one of 1 / (1 - `confidence`) cases. Two values are the same if they are equal
 * as keys. Merging is exact, in whatever order and partitions values come.
 *
 * Source: Cormode and Muthukrishnan, An improved data stream summary (2005).
 *
 * @param options `error`, default 0.001, and `confidence`, default 0.99: together they make 2,719
 * columns of 5 counts.
 * @throws MillraceError `ARGUMENT_INVALID` when one of them is not above 0 and below 1.
 * @example
 * ```ts
 * const often = countMin({ error: 0.01 })
 * texts.combineByKey(often.of, often.add, often.merge)
 *   .mapValues((sketch) => often.estimate(sketch, 'login'))
 *   .print()
 * ```
 */
export const countMin = ({
  error = 0.001,
  confidence = 0.99,
}: { readonly error?: number; readonly confidence?: number } = {}): Frequencies => {
  checkNumber('error', error, BETWEEN)
  checkNumber('confidence', confidence, BETWEEN)
  const width = Math.ceil(Math.E / error)
  const depth = Math.ceil(Math.log(1 / (1 - confidence)))
  const check = (sketch: CountMinSketch): void => {
    checkAlike('countMin', sketch.width, width)
    checkAlike('countMin', sketch.depth, depth)
  }
  const empty = (): CountMinSketch => ({
    width,
    depth,
    total: 0,
    counts: Array.from({ length: width * depth }, () => 0),
  })
  /** The place of the count of a value in each row. */
  const placesOf = (value: unknown): readonly number[] => {
    const [first, second] = hashesOf(value)
    return Array.from(
      { length: depth },
      (_, row) => row * width + (((first + Math.imul(row, second)) >>> 0) % width),
    )
  }
  const add = (sketch: CountMinSketch, value: unknown): CountMinSketch => {
    check(sketch)
    for (const place of placesOf(value)) sketch.counts[place] = (sketch.counts[place] as number) + 1
    sketch.total += 1
    return sketch
  }
  return {
    empty,
    of: (value) => add(empty(), value),
    add,
    merge(a, b) {
      check(a)
      check(b)
      const counts = a.counts.map((count, at) => count + (b.counts[at] as number))
      return { width, depth, total: a.total + b.total, counts }
    },
    estimate(sketch, value) {
      check(sketch)
      let least = Infinity
      for (const place of placesOf(value)) least = Math.min(least, sketch.counts[place] as number)
      return least
    },
  }
}
