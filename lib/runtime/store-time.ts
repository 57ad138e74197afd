import type { Clock } from '../ports/clock.ts'
import type { ItemStore } from '../ports/item-store.ts'

/**
 * How far this process's clock is ahead of the store's, as of the answer that has just come; 0
 * where the store has no clock of its own.
 */
export const skewOf = (store: ItemStore, nowMs: number): number =>
  nowMs - (store.answeredMs?.() ?? nowMs)

/** What time it is for everybody: by the store's clock, where it has one. */
export const sharedNow = (store: ItemStore, clock: Clock): number =>
  store.answeredMs?.() ?? clock.now()
