/** Delays of records as a distribution: how many had each delay, in steps of ten milliseconds. */

const STEP_MS = 10

/** Counts delays. */
export class Delays {
  readonly #counts = new Map<number, number>()
  #total = 0

  add(ms: number, count = 1): void {
    const step = Math.max(0, Math.round(ms / STEP_MS))
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + count)
    this.#total += count
  }

  get total(): number {
    return this.#total
  }

  /** The delay that this share of all records does not exceed. NaN: there are none. */
  quantileMs(share: number): number {
    let seen = 0
    for (const [step, count] of [...this.#counts].toSorted(([a], [b]) => a - b)) {
      seen += count
      if (seen >= share * this.#total) return step * STEP_MS
    }
    return Number.NaN
  }
}
