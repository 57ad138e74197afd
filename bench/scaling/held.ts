/**
 * How much memory the driver holds while it runs a batch: what is left of the heap after garbage was
 * collected, beyond what was there before the batch. Looked at again and again while it computes.
 */
import type { VirtualProcess } from './world.ts'

/** Collects garbage. */
export type Collect = () => void

const liveBytes = (collect: Collect): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Looks at the memory after steps of the driver. */
export class HeldMemory {
  readonly #collect: Collect
  readonly #beforeBytes: number
  readonly #eachMs: number
  #busyMs = 0
  #peakBytes = 0

  /** `eachMs`: looks each time the driver has computed for so long. */
  constructor(collect: Collect, eachMs: number) {
    this.#collect = collect
    this.#eachMs = eachMs
    this.#beforeBytes = liveBytes(collect)
  }

  /** For `World.afterStep`. */
  readonly look = ({ role }: VirtualProcess, ms: number): void => {
    if (role !== 'driver') return
    this.#busyMs += ms
    if (this.#busyMs < this.#eachMs) return
    this.#busyMs = 0
    this.#peakBytes = Math.max(this.#peakBytes, liveBytes(this.#collect) - this.#beforeBytes)
  }

  get peakBytes(): number {
    return this.#peakBytes
  }
}
