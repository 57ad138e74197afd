import { checkNumber } from '../../base/number-ranges.ts'
import { hashesOf } from './hash.ts'
import { checkAlike, type Sketch } from './sketch.ts'

/**
 * What `hyperLogLog` keeps of values.
 *
 * @example const nothing: HyperLogLogSketch = { precision: 12, few: [] }
 */
export interface HyperLogLogSketch {
  readonly precision: number
  /** While few registers are used: 64 times the number of each, plus what it holds, in order. */
  few?: number[]
  /** All registers, once many are used. */
  all?: Uint8Array
}

/**
 * Counts distinct values, nearly. See {@link hyperLogLog}.
 *
 * @example const distinct: DistinctCount = hyperLogLog()
 */
export interface DistinctCount extends Sketch<unknown, HyperLogLogSketch> {
  /** About how many distinct values a sketch has seen. */
  readonly count: (sketch: HyperLogLogSketch) => number
}

const PRECISION = {
  allowed: 'a whole number from 4 to 18',
  test: (value: number): boolean => Number.isInteger(value) && value >= 4 && value <= 18,
}

/** A register holds less than this. */
const REGISTER = 64

/**
 * Counts distinct values in little memory: 2^precision bytes at most, and a few bytes for each of
 * few values. The standard error is 1.04 / sqrt(2^precision): 1.6 % at 12, the default. Two values
 * are the same if they are equal as keys. Merging is exact: in whatever order and partitions values
 * come, the sketch is the same to the last bit.
 *
 * Source: the estimate without tables of corrections of Otmar Ertl, New cardinality estimation
 * algorithms for HyperLogLog sketches (2017), algorithm 6.
 *
 * @param options `precision`, from 4 to 18, default 12.
 * @throws MillraceError `ARGUMENT_INVALID` when `precision` is not allowed.
 * @example
 * ```ts
 * const users = hyperLogLog()
 * texts.mapValues(users.of).reduceByKeyAndWindow(users.merge, minutes(5))
 *   .mapValues(users.count)
 *   .print()
 * ```
 */
export const hyperLogLog = ({
  precision = 12,
}: { readonly precision?: number } = {}): DistinctCount => {
  checkNumber('precision', precision, PRECISION)
  const size = 2 ** precision
  const check = (sketch: HyperLogLogSketch): void =>
    checkAlike('hyperLogLog', sketch.precision, precision)
  const empty = (): HyperLogLogSketch => ({ precision, few: [] })
  const add = (sketch: HyperLogLogSketch, value: unknown): HyperLogLogSketch => {
    check(sketch)
    const [high, low] = hashesOf(value)
    put(sketch, high >>> (32 - precision), rankOf(high << precision, low, precision), size)
    return sketch
  }
  return {
    empty,
    of: (value) => add(empty(), value),
    add,
    merge(a, b) {
      check(a)
      check(b)
      const [more, fewer] = a.all === undefined ? [b, a] : [a, b]
      const merged: HyperLogLogSketch = {
        precision,
        ...(more.all === undefined
          ? { few: [...(more.few ?? [])] }
          : { all: Uint8Array.from(more.all) }),
      }
      for (const [register, rank] of registersOf(fewer)) put(merged, register, rank, size)
      return merged
    },
    count(sketch) {
      check(sketch)
      return estimate(sketch, size)
    },
  }
}

/** The number of leading zeros of the rest of the hash, plus one. */
const rankOf = (high: number, low: number, precision: number): number => {
  const rest = 32 - precision
  const zeros = high === 0 ? rest + Math.clz32(low) : Math.clz32(high)
  return zeros + 1
}

function* registersOf({ few, all }: HyperLogLogSketch): Generator<readonly [number, number]> {
  for (const one of few ?? []) yield [Math.floor(one / REGISTER), one % REGISTER]
  if (all === undefined) return
  for (const [register, rank] of all.entries()) if (rank > 0) yield [register, rank]
}

/** Sets a register, unless it holds more. */
const put = (sketch: HyperLogLogSketch, register: number, rank: number, size: number): void => {
  const { few, all } = sketch
  if (all !== undefined) {
    all[register] = Math.max(all[register] as number, rank)
    return
  }
  const list = few as number[]
  const at = placeOf(list, register)
  const one = register * REGISTER + rank
  if (Math.floor((list[at] ?? -1) / REGISTER) === register)
    list[at] = Math.max(list[at] as number, one)
  else list.splice(at, 0, one)
  // From here on, numbers take more bytes than registers.
  if (list.length <= size / 8) return
  delete sketch.few
  const registers = new Uint8Array(size)
  for (const entry of list) registers[Math.floor(entry / REGISTER)] = entry % REGISTER
  sketch.all = registers
}

/** Where a register is in the list, or would be. */
const placeOf = (list: readonly number[], register: number): number => {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as number) < register * REGISTER) low = middle + 1
    else high = middle
  }
  return low
}

const estimate = (sketch: HyperLogLogSketch, size: number): number => {
  const most = REGISTER - Math.log2(size)
  const counts = Array.from({ length: most + 2 }, () => 0)
  let used = 0
  for (const [, rank] of registersOf(sketch)) {
    counts[rank] = (counts[rank] as number) + 1
    used += 1
  }
  let sum = size * tau(1 - (counts[most + 1] as number) / size)
  for (let rank = most; rank >= 1; rank--) sum = 0.5 * (sum + (counts[rank] as number))
  sum += size * sigma((size - used) / size)
  return Math.round((size * size) / (2 * Math.LN2 * sum))
}

/** What the registers that are empty stand for. */
const sigma = (part: number): number => {
  if (part === 1) return Infinity
  let [power, factor, sum] = [part, 1, part]
  for (let before = -1; before !== sum; factor *= 2) {
    before = sum
    power *= power
    sum += power * factor
  }
  return sum
}

/** What the registers that are full stand for. */
const tau = (part: number): number => {
  if (part === 0 || part === 1) return 0
  let [root, factor, sum] = [part, 1, 1 - part]
  for (let before = -1; before !== sum;) {
    before = sum
    root = Math.sqrt(root)
    factor /= 2
    sum -= (1 - root) ** 2 * factor
  }
  return sum / 3
}
