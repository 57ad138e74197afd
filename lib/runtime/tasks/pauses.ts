import type { Clock } from '../../ports/clock.ts'
import type { Pause } from '../../base/pauses.ts'

/** The event loop turns after this time of computing. One record may take longer. */
const PAUSE_AFTER_MS = 50

/** Pauses after each 50 ms of computing. A clock that jumps gives only one pause more. */
export const pausesOf = (clock: Clock): Pause => {
  let lastMs = clock.now()
  const pause = async (): Promise<void> => {
    await clock.sleep(0)
    lastMs = clock.now()
  }
  return () => (Math.abs(clock.now() - lastMs) < PAUSE_AFTER_MS ? undefined : pause())
}
