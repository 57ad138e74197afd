import type { Usage, UsageKind } from '../base/prices.ts'

/** Counts what is used. The adapters feed it. Where there is none, nothing is counted. */
export interface Meter {
  add(kind: UsageKind, amount: number): void
}

/** A meter that keeps sums until they are taken. */
export interface UsageMeter extends Meter {
  /** The sums since this was called last. */
  take(): Usage
}

/** Counts all of a usage. */
export const addUsage = (meter: Meter, usage: Usage): void => {
  for (const [kind, amount] of Object.entries(usage) as [UsageKind, number][])
    meter.add(kind, amount)
}

/** Makes a meter. */
export const usageMeter = (): UsageMeter => {
  let sums: Partial<Record<UsageKind, number>> = {}
  return {
    add(kind, amount): void {
      sums[kind] = (sums[kind] ?? 0) + amount
    },
    take(): Usage {
      const taken = sums
      sums = {}
      return taken
    },
  }
}
