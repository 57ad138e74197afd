/**
 * How much memory the driver holds while it runs a batch: what is left of the heap after garbage
 * was collected, beyond what is left before or after the batch. Looked at again and again while it
 * computes. What the services in memory store is not the driver's.
 */
import type { VirtualProcess } from './world.ts'

/** Collects garbage. */
export type Collect = () => void

/** What is looked at. */
export interface HeldParts {
  readonly collect: Collect
  /** Bytes in memory that are not the driver's. */
  readonly storedBytes: () => number
  /** Looks each time the driver has computed for so long. */
  readonly eachMs: number
}

/** Looks at the memory after steps of the driver. */
export class HeldMemory {
  readonly #parts: HeldParts
  #busyMs = 0
  #leastBytes = Infinity
  #mostBytes = 0

  constructor(parts: HeldParts) {
    this.#parts = parts
    this.#look()
  }

  #look(): void {
    const { collect, storedBytes } = this.#parts
    collect()
    const { heapUsed, external } = process.memoryUsage()
    const bytes = heapUsed + external - storedBytes()
    this.#leastBytes = Math.min(this.#leastBytes, bytes)
    this.#mostBytes = Math.max(this.#mostBytes, bytes)
  }

  /** For `World.afterStep`. */
  readonly look = ({ role }: VirtualProcess, ms: number): void => {
    if (role !== 'driver') return
    this.#busyMs += ms
    if (this.#busyMs < this.#parts.eachMs) return
    this.#busyMs = 0
    this.#look()
  }

  get peakBytes(): number {
    return this.#mostBytes - this.#leastBytes
  }
}
