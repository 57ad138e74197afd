/** How `mapWithState` stores its states: alone, or with the batch time of their last use. */
import type { CarryOver, Convert } from '../state/operator/state-declaration.ts'

/** The layout in words. */
export const timeoutLayout = (timeoutMs: number | undefined): string =>
  timeoutMs === undefined ? 'no timeout' : 'a timeout'

/**
 * When a timeout is added, nobody knows when keys were last used. So their idle time begins with
 * the first batch, as it does for initial states.
 */
const conversions: Readonly<Record<string, Convert>> = {
  'no timeout to a timeout': (state, timeMs) => [state, timeMs],
  'a timeout to no timeout': (stored) => (stored as readonly [unknown, number])[0],
}

/** States stay when a timeout is added or removed. */
export const timeoutCarryOver =
  (timeoutMs: number | undefined): CarryOver =>
  (layout) =>
    conversions[`${layout} to ${timeoutLayout(timeoutMs)}`]

/** A state as users know it, and when its key was last used, where that is stored. */
export interface ShownState {
  readonly state: unknown
  /** The batch time of the last use, epoch milliseconds. */
  readonly touchedMs?: number
}

/** Takes apart what is stored for a key. Any layout that is not listed here is the state alone. */
export const shownOf = (layout: string, stored: unknown): ShownState => {
  if (layout !== timeoutLayout(0)) return { state: stored }
  const [state, touchedMs] = stored as readonly [unknown, number]
  return { state, touchedMs }
}

/** Makes what is stored for a key. `timeMs`: the last use, where nobody knows it. */
export const storedOf = (
  layout: string,
  { state, touchedMs }: ShownState,
  timeMs: number,
): unknown => (layout === timeoutLayout(0) ? [state, touchedMs ?? timeMs] : state)
