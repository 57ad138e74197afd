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
