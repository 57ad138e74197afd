import { murmur3 } from './murmur3.ts'

/** The seed with which Spark hashes arrays of bytes: that of Scala's library. */
const ARRAY_SEED = 0x3c074a61

/**
 * The random numbers of Spark, so that a seed gives here what it gives there.
 *
 * Sources: Marsaglia, Xorshift RNGs (2003), with the shifts 21, 35 and 4; the seed is hashed with
 * MurmurHash3; doubles and Gaussian numbers are made of bits as `java.util.Random` documents it.
 * The state is 64 bits, in two halves.
 */
export class XorShift {
  #high: number
  #low: number
  #nextGaussian: number | undefined

  constructor(seed: number | bigint) {
    const bytes = bytesOf(BigInt(seed))
    this.#low = murmur3(bytes, ARRAY_SEED)
    this.#high = murmur3(bytes, this.#low)
  }

  /** From 0 to 1, without 1. */
  nextDouble(): number {
    return (this.#next(26) * 0x800_0000 + this.#next(27)) * 2 ** -53
  }

  /** Of the normal distribution, by the polar method. */
  nextGaussian(): number {
    const kept = this.#nextGaussian
    this.#nextGaussian = undefined
    if (kept !== undefined) return kept
    for (;;) {
      const [x, y] = [2 * this.nextDouble() - 1, 2 * this.nextDouble() - 1]
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * Math.log(square)) / square)
      this.#nextGaussian = y * factor
      return x * factor
    }
  }

  /** The lowest bits of the next state: at most 31. */
  #next(bits: number): number {
    let high = this.#high
    let low = this.#low
    high ^= (high << 21) | (low >>> 11)
    low ^= low << 21
    low ^= high >>> 3
    high ^= (high << 4) | (low >>> 28)
    low ^= low << 4
    this.#high = high
    this.#low = low
    return low & (2 ** bits - 1)
  }
}

/** The bytes of a number of 64 bits, the highest first. */
const bytesOf = (value: bigint): string => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  return bytes.toString('latin1')
}
