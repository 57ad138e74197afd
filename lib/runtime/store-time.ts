import type { Clock } from '../ports/clock.ts'
import type { ItemStore } from '../ports/item-store.ts'

/**
 * How far the clock of this process is ahead of the clock of the store, according to the last
 * answer. Milliseconds; 0 if the store has no clock.
 */
export const skewOf = (store: ItemStore, nowMs: number): number =>
  nowMs - (store.answeredMs?.() ?? nowMs)

/** The time that all processes share: by the clock of the store, if it has one. */
export const sharedNow = (store: ItemStore, clock: Clock): number =>
  store.answeredMs?.() ?? clock.now()
