/**
 * The worlds that were seen. Only 64 bits of each are kept, so that millions fit into memory. Two
 * worlds with the same 64 bits count as one. Among five million worlds the chance of such a pair is
 * below one in a million.
 */
import type { World } from './world.ts'

/** A sum of 64 bits, also while it is being computed. */
interface Sum {
  high: number
  low: number
}

/**
 * A part of a world: a sum over its text without attempt ids, and the attempt ids in order. Worlds
 * share parts, and each part is summed once.
 */
interface Part extends Readonly<Sum> {
  readonly ids: readonly string[]
}

const parts = new WeakMap<object, Part>()

const partOf = (value: object): Part => {
  const known = parts.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value)
  const part = { ...sumOf(text.replaceAll(/#\d+/g, '#')), ids: text.match(/#\d+/g) ?? [] }
  parts.set(value, part)
  return part
}

const partsOf = ({
  drivers,
  intakes,
  lanes,
  head,
  called,
  missed,
  now,
  alarm,
  stored,
  executors,
  calls,
  ...others
}: World): readonly Part[] => {
  const inOrder = [head, ...lanes, ...Object.values(others)].map(partOf)
  const small = sumOf(`${called},${missed},${now},${alarm}`)
  return [
    ...inOrder,
    partOf(stored ?? NONE),
    { ...small, ids: [] },
    ...sorted(drivers.map(partOf)),
    ...sorted(intakes.map(partOf)),
    ...sorted(executors.map(partOf)),
    ...sorted(calls.map(partOf)),
  ]
}

const NONE: readonly string[] = []

const sorted = (some: readonly Part[]): readonly Part[] =>
  some.toSorted((a, b) => a.high - b.high || a.low - b.low)

/** All attempt ids in a world. */
export const idsIn = (world: World): ReadonlySet<string> =>
  new Set(partsOf(world).flatMap(({ ids }) => ids))

/**
 * The sum of a world. It is the same for worlds that differ only in names: two drivers of one
 * generation, or two intakes, may change places, and attempt ids are numbered in the order in which
 * they appear.
 */
export const fingerprint = (world: World): Readonly<Sum> => {
  const sum: Sum = { high: 1, low: 2 }
  const ids: string[] = []
  for (const part of partsOf(world)) {
    add(sum, part.high)
    add(sum, part.low)
    for (const id of part.ids) {
      if (!ids.includes(id)) ids.push(id)
      add(sum, ids.indexOf(id))
    }
  }
  return finished(sum)
}

const add = (sum: Sum, value: number): void => {
  sum.high = Math.imul(sum.high ^ value, 0x5bd1e995) ^ (sum.low >>> 15)
  sum.low = Math.imul(sum.low ^ value, 0x01000193) + (sum.high >>> 13)
}

const sumOf = (text: string): Readonly<Sum> => {
  const sum: Sum = { high: 0x9e3779b9, low: 0x85ebca6b }
  for (let index = 0; index < text.length; index++) add(sum, text.charCodeAt(index))
  return finished(sum)
}

const finished = ({ high, low }: Sum): Readonly<Sum> => {
  const mixed = Math.imul(high ^ (low >>> 16), 0x85ebca6b)
  return { high: mixed ^ (mixed >>> 13), low: Math.imul(low ^ (mixed >>> 15), 0xc2b2ae35) | 0 }
}

const START_SIZE = 1 << 16

/** Numbers worlds in the order in which they are first seen. */
export class Fingerprints {
  #high = new Int32Array(START_SIZE)
  #low = new Int32Array(START_SIZE)
  /** The number of the world stored there, plus one; 0: none. */
  #numbers = new Int32Array(START_SIZE)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of a world. New worlds get the next number. */
  numberOf(world: World): number {
    const { high, low } = fingerprint(world)
    const slot = this.#slotOf(high, low)
    const known = this.#numbers[slot] as number
    if (known > 0) return known - 1
    this.#high[slot] = high
    this.#low[slot] = low
    this.#numbers[slot] = ++this.#size
    if (this.#size * 2 > this.#numbers.length) this.#grow()
    return this.#size - 1
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#numbers.length - 1
    let slot = low & mask
    while (this.#numbers[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high))
      slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const [high, low, numbers] = [this.#high, this.#low, this.#numbers]
    this.#high = new Int32Array(numbers.length * 2)
    this.#low = new Int32Array(numbers.length * 2)
    this.#numbers = new Int32Array(numbers.length * 2)
    for (const [old, number] of numbers.entries()) {
      if (number === 0) continue
      const slot = this.#slotOf(high[old] as number, low[old] as number)
      this.#high[slot] = high[old] as number
      this.#low[slot] = low[old] as number
      this.#numbers[slot] = number
    }
  }
}
