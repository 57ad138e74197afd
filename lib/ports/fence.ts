/**
 * Identifies the attempt that writes an output, so that a sink can refuse an older attempt (B4).
 * Generations are compared first, then epochs.
 */
export interface Fence {
  readonly app: string
  readonly generation: number
  readonly epoch: number
}

/** Whether `a` was granted before `b`. */
export const isOlderFence = (a: Fence, b: Fence): boolean =>
  a.generation < b.generation || (a.generation === b.generation && a.epoch < b.epoch)
