/**
 * Numbers different texts from 0, in the order in which they come. It finds a text in about half
 * the time of a `Map`, if the text is new in memory, as a word that was cut from a line is: V8
 * computes the hash of such a text outside of compiled code, and follows more pointers.
 *
 * The texts lie in an array by their numbers. A table of slots leads to them: it has the hash of
 * each text, so that hardly any other text is looked at. A text is in the first free slot from that
 * of its hash on.
 */

/** The table begins with so many slots. */
const SLOTS_MIN = 16
/** It grows when it is fuller than this. */
const FULL = 2 / 3
/**
 * A text is not put farther than this from the slot of its hash. Texts that somebody has made to
 * have the same hash would otherwise take a look at each other: they go into a `Map`.
 */
const LOOKS_MAX = 128

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a over the UTF-16 units, with a last step that spreads similar texts. */
const hashOf = (text: string): number => {
  let hash = FNV_OFFSET
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

/** See the head of this file. */
export class TextTable {
  /** All texts, by their numbers. */
  readonly texts: string[] = []
  /** For each slot the hash of its text, and the number of the text plus 1. 0: the slot is free. */
  #slots = new Int32Array(2 * SLOTS_MIN)
  #slotCount = SLOTS_MIN
  /** The numbers of texts that are in no slot. */
  #crowded = new Map<string, number>()
  /** The text that was not found last: its hash, and the slot for it. -1: there is none. */
  #hash = 0
  #free = -1

  /** The number of a text. -1: it has none. */
  find(text: string): number {
    const slots = this.#slots
    const last = this.#slotCount - 1
    const hash = hashOf(text)
    let slot = hash & last
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const next = slots[2 * slot + 1] as number
      if (next === 0) {
        this.#hash = hash
        this.#free = slot
        return -1
      }
      if (slots[2 * slot] === hash && this.texts[next - 1] === text) return next - 1
      slot = (slot + 1) & last
    }
    this.#free = -1
    return this.#crowded.get(text) ?? -1
  }

  /** Gives the next number to the text that `find` has not found just before. */
  add(text: string): void {
    const number = this.texts.push(text) - 1
    if (this.#free === -1) this.#crowded.set(text, number)
    else this.#fill(this.#free, this.#hash, number)
    if (this.texts.length > FULL * this.#slotCount) this.#grow()
  }

  #fill(slot: number, hash: number, number: number): void {
    this.#slots[2 * slot] = hash
    this.#slots[2 * slot + 1] = number + 1
  }

  #grow(): void {
    const [slots, crowded] = [this.#slots, this.#crowded]
    this.#slotCount *= 2
    this.#slots = new Int32Array(2 * this.#slotCount)
    this.#crowded = new Map()
    for (let at = 0; at < slots.length; at += 2) {
      const next = slots[at + 1] as number
      if (next > 0) this.#put(slots[at] as number, next - 1)
    }
    for (const [text, number] of crowded) this.#put(hashOf(text), number)
  }

  #put(hash: number, number: number): void {
    const last = this.#slotCount - 1
    let slot = hash & last
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      if (this.#slots[2 * slot + 1] === 0) return this.#fill(slot, hash, number)
      slot = (slot + 1) & last
    }
    this.#crowded.set(this.texts[number] as string, number)
  }
}
