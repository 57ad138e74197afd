import { startWatchdog } from '../lib/adapters/local/watchdog.ts'
import type { Entry } from './log.ts'

let isWatched = false

/**
 * Tells in the log which function of the user does not return. Lambda ends such a process when its
 * time is over, and says only that. `bundle`: the URL of any file of the bundle.
 * `facts`: what its line says besides.
 */
export const watchFunctions = (bundle: string, facts: Entry = {}): void => {
  if (isWatched) return
  isWatched = true
  startWatchdog({ says: 'json', facts, thread: new URL('watchdog-thread.mjs', bundle) })
}
