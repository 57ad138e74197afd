/**
 * Which worlds have been seen. Of each only 64 bits are kept, so that millions fit into memory; two worlds with the same 64 bits would be
 * taken for one. Among five million worlds the chance that any two have them is below one in a million.
 */
import type { Driver, Intake, World } from './world.ts'

/** Parts of worlds are shared between worlds: each is put into text once. */
const texts = new WeakMap<object, string>()
const textOf = (part: object): string => {
  const known = texts.get(part)
  if (known !== undefined) return known
  const text = JSON.stringify(part)
  texts.set(part, text)
  return text
}

const sorted = (parts: readonly (Driver | Intake)[]): string => parts.map(textOf).sort().join('|')

/**
 * A world as text, the same for worlds that differ in nothing but names: two drivers of one generation, or two intakes, may change places,
 * and attempt ids are counted anew in the order in which they appear.
 */
export const canonical = (world: World): string => {
  const { drivers, intakes, head, lanes, called, now, alarm, ...rest } = world
  const parts = [textOf(head), ...lanes.map(textOf), sorted(drivers), sorted(intakes), `${called},${now},${alarm}`]
  for (const part of Object.values(rest)) parts.push(part === null ? '' : textOf(part))
  const ids = new Map<string, string>()
  return parts.join(';').replace(/#\d+/g, (id) => {
    const known = ids.get(id) ?? `#${ids.size}`
    ids.set(id, known)
    return known
  })
}

const START_SIZE = 1 << 16

/** Numbers things in the order in which they are first seen. */
export class Fingerprints {
  #high = new Int32Array(START_SIZE)
  #low = new Int32Array(START_SIZE)
  /** One more than the number of what lies there; 0: nothing. */
  #numbers = new Int32Array(START_SIZE)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The number of a text; new texts are counted on. */
  numberOf(text: string): number {
    const { high, low } = fingerprint(text)
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
    while (this.#numbers[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high)) slot = (slot + 1) & mask
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

/** Two sums over the text with different factors, mixed at the end. */
const fingerprint = (text: string): { readonly high: number; readonly low: number } => {
  let [high, low] = [0x9e3779b9, 0x85ebca6b]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 0x5bd1e995)
    low = Math.imul(low ^ code, 0x01000193) + (high >>> 15)
  }
  high ^= low >>> 13
  low ^= Math.imul(high, 0xc2b2ae35) >>> 16
  return { high: high | 0, low: low | 0 }
}
