import { startWatchdog } from '../lib/adapters/local/watchdog.ts'

let isWatched = false

/**
 * Tells in the log which function of the user does not return. Lambda ends such a process when its
 * time is over, and says only that. `bundle`: the URL of any file of the bundle.
 */
export const watchFunctions = (bundle: string): void => {
  if (isWatched) return
  isWatched = true
  startWatchdog({ says: 'json', thread: new URL('watchdog-thread.mjs', bundle) })
}
