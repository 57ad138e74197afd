/** Draws a part of a batch, with the random numbers of Spark. */
import { XorShift } from './xor-shift.ts'

/** Up to this fraction, Spark draws how many elements to leave out, not each by itself. */
const GAP_FRACTION = 0.4

/** The smallest number that gaps are made of. */
const GAP_LEAST = 5e-11

/**
 * A function that says of one element after another whether it is drawn: as Spark's
 * `sample(false, fraction, seed)` does in the first partition of an RDD.
 */
export const sampler = (fraction: number, seed: number): (() => boolean) => {
  if (fraction >= 1) return () => true
  const random = new XorShift(firstLong(BigInt(seed)))
  if (fraction > GAP_FRACTION) return () => random.nextDouble() <= fraction
  const logarithm = Math.log1p(-fraction)
  const nextGap = (): number =>
    Math.trunc(Math.log(Math.max(random.nextDouble(), GAP_LEAST)) / logarithm)
  let gap = nextGap()
  return () => {
    if (gap > 0) {
      gap -= 1
      return false
    }
    gap = nextGap()
    return true
  }
}

const MULTIPLIER = 0x5deece66dn
const MASK = (1n << 48n) - 1n

/**
 * The first number of 64 bits of `java.util.Random`, which seeds the first partition.
 *
 * Source: the algorithm in the documentation of `java.util.Random`.
 */
const firstLong = (seed: bigint): bigint => {
  const first = (((seed ^ MULTIPLIER) & MASK) * MULTIPLIER + 0xbn) & MASK
  const second = (first * MULTIPLIER + 0xbn) & MASK
  return (BigInt.asIntN(32, first >> 16n) << 32n) + BigInt.asIntN(32, second >> 16n)
}
