import type { Clock } from '../lib/ports/clock.ts'
import { EXIT } from './exit-codes.ts'

/**
 * Two signals within this are one: npm passes on a Ctrl-C that the terminal has sent to everybody
 * already.
 */
const SAME_MS_MAX = 1_000

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
export const stopSignal = (clock: Clock, onStop: () => void): AbortSignal => {
  const controller = new AbortController()
  let firstMs: number | undefined
  const stop = (): void => {
    if (firstMs !== undefined && clock.now() - firstMs > SAME_MS_MAX) process.exit(EXIT.interrupted)
    if (firstMs !== undefined) return
    firstMs = clock.now()
    onStop()
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  // Whoever read what we print is gone, as in `millrace run app.ts | head`: nobody is left to print
  // for.
  process.stdout.on('error', () => controller.abort())
  return controller.signal
}
